/** What is held in Postgres, as gauges: read at most every five seconds, and never waited for long. */
import { Gauge, type Registry } from 'prom-client';

/** What is held and has not ended, in numbers. */
export interface HeldNumbers {
  readonly counts: readonly {
    readonly state: string;
    readonly reason: string;
    readonly route: string;
    readonly count: number;
  }[];
  /** When the next that waits for its workflow is given up, ms since the epoch. */
  readonly nextDeadlineMs?: number;
}

const nothing: HeldNumbers = { counts: [] };
const freshMs = 5_000;
const patienceMs = 1_000;

/** Registers the gauges. Where `read` fails they are left out until it answers. */
export function watchHeld(registry: Registry, read: () => Promise<HeldNumbers>): void {
  const latest = cached(read);
  const labelNames = ['state', 'reason', 'route'] as const;
  new Gauge({
    name: 'headrace_held',
    help: 'Records that are held and have not ended: dead letters, and what waits.',
    labelNames,
    registers: [registry],
    async collect() {
      const { counts } = await latest();
      this.reset();
      for (const { state, reason, route, count } of counts) {
        this.inc({ state, reason, route }, count);
      }
    },
  });
  new Gauge({
    name: 'headrace_held_deadline_seconds',
    help: 'Time until the next record that waits for a workflow is given up; negative when it is due.',
    registers: [registry],
    async collect() {
      const { nextDeadlineMs } = await latest();
      // Without a value, so that no alarm on a small number rings when nothing waits.
      this.remove();
      if (nextDeadlineMs !== undefined) this.set((nextDeadlineMs - Date.now()) / 1_000);
    },
  });
}

/** The newest answer; none while it cannot be had. */
function cached(read: () => Promise<HeldNumbers>): () => Promise<HeldNumbers> {
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<HeldNumbers> = Promise.resolve(nothing);
  return () => {
    if (performance.now() - asked > freshMs) {
      asked = performance.now();
      answer = inTime(read());
    }
    return answer;
  };
}

async function inTime(reading: Promise<HeldNumbers>): Promise<HeldNumbers> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<HeldNumbers>((resolve) => {
    timer = setTimeout(resolve, patienceMs, nothing);
  });
  try {
    return await Promise.race([reading.catch(() => nothing), late]);
  } finally {
    clearTimeout(timer);
  }
}
