/** Events per second until the last step has run, whoever brings them. */
import type { Laboratory, Step } from './laboratory.js';

export interface Throughput {
  readonly perSecond: number;
  /** Calls of Temporal per event. */
  readonly requests: number;
  /** Steps of one workflow that came before an earlier one. */
  readonly violations: number;
  /** Steps that ran more than once. */
  readonly repeated: number;
}

/** Notes which steps ran. */
export class Track {
  readonly #last = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #waiting: { readonly count: number; readonly reached: () => void }[] = [];
  violations = 0;
  repeated = 0;

  mark(steps: readonly Step[]): void {
    for (const { key, n } of steps) {
      const id = `${key}/${String(n)}`;
      if (this.#seen.has(id)) this.repeated += 1;
      else if (n < (this.#last.get(key) ?? 0)) this.violations += 1;
      this.#seen.add(id);
      this.#last.set(key, Math.max(n, this.#last.get(key) ?? 0));
    }
    for (const { count, reached } of this.#waiting) if (this.#seen.size >= count) reached();
  }

  /** Resolves when `count` different steps have run. */
  reaches(count: number): Promise<void> {
    return new Promise((reached) => {
      this.#waiting.push({ count, reached });
    });
  }
}

/**
 * Measures from the moment `begin` resolves until `count` steps have run. What `begin` answers is
 * called at the end, to stop what it started.
 */
export async function throughputOf(
  laboratory: Laboratory,
  count: number,
  begin: (track: Track) => Promise<() => Promise<void>>,
): Promise<Throughput> {
  const track = new Track();
  const all = track.reaches(count);
  const before = laboratory.calls();
  const end = await begin(track);
  const start = performance.now();
  await all;
  const seconds = (performance.now() - start) / 1_000;
  await end();
  const requests = (laboratory.calls() - before) / count;
  const { violations, repeated } = track;
  return { perSecond: count / seconds, requests, violations, repeated };
}
