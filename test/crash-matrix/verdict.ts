/** What was asked for, held against what the witness saw. Pure. */

/** One event of a stream, by what the log or the books say. Changes have no id of their own there. */
export interface Expected {
  readonly n: number;
  readonly id?: string;
}

/** One recorded event, in the order of recording. */
export interface Applied {
  readonly id: string;
  readonly stream: string;
  readonly n: number;
}

/** One attempt to record an event. */
export interface Attempt {
  readonly id: string;
  readonly step: string;
  readonly atMs: number;
}

/** A part was gone, from its death until it ran again. */
export interface Downtime {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Findings {
  /** In the log or the books, and never recorded. */
  readonly lost: readonly string[];
  /** Recorded, and in neither. */
  readonly strange: readonly string[];
  /** Recorded by two steps of workflows, or under two ids. */
  readonly doubled: readonly string[];
  /** Recorded after a later one of its stream. */
  readonly disordered: readonly string[];
  /** How many events were attempted more than once: in flight when something died. */
  readonly repeated: number;
  /** Of these, those that were repeated though nothing had died. */
  readonly unexplained: readonly string[];
}

/** Streams whose events have a run each, between which no order is promised. */
const unordered = 'matrix.opened';
/** Steps of activities without a workflow: they know an event by its id, and may see it twice. */
const ofNoWorkflow = /^run /;
/** An answer may still be on its way when the part that waits for it dies. */
const answerMs = 2_000;
/** What runs again has yet to start up, and to be given its partitions or its tasks. */
const recoveryMs = 10_000;

export function judge(of: {
  readonly expected: ReadonlyMap<string, readonly Expected[]>;
  readonly applied: readonly Applied[];
  readonly attempts: readonly Attempt[];
  readonly deaths: readonly Downtime[];
}): Findings {
  const streams = grouped(of.applied, ({ stream }) => stream);
  const attempts = [...grouped(of.attempts, ({ id }) => id)].filter(([, all]) => all.length > 1);
  const twice = [...streams].flatMap(([stream, events]) => {
    const all = grouped(events, ({ n }) => String(n));
    return [...all].flatMap(([n, same]) => (same.length > 1 ? [`${stream} ${n}`] : []));
  });
  return {
    lost: [...of.expected].flatMap(([stream, events]) => {
      const seen = new Set(streams.get(stream)?.map(({ n }) => n));
      return events.flatMap(({ n }) => (seen.has(n) ? [] : [`${stream} ${String(n)}`]));
    }),
    strange: [...streams].flatMap(([stream, events]) => {
      const known = new Set(of.expected.get(stream)?.map(({ n }) => n));
      return events.flatMap(({ n }) => (known.has(n) ? [] : [`${stream} ${String(n)}`]));
    }),
    doubled: [...twice, ...attempts.flatMap(([id, all]) => (isDouble(all) ? [id] : []))],
    disordered: [...streams].flatMap(([stream, events]) => {
      return stream.endsWith(unordered) ? [] : disorderOf(stream, events);
    }),
    repeated: attempts.length,
    unexplained: attempts.flatMap(([id, all]) => (isExplained(all, of.deaths) ? [] : [id])),
  };
}

function isDouble(attempts: readonly Attempt[]): boolean {
  const steps = attempts.map(({ step }) => step).filter((step) => !ofNoWorkflow.test(step));
  return new Set(steps).size > 1;
}

function disorderOf(stream: string, events: readonly Applied[]): string[] {
  let last = -Infinity;
  return events.flatMap(({ n }) => {
    const isLate = n < last;
    last = Math.max(last, n);
    return isLate ? [`${stream} ${String(n)} after ${String(last)}`] : [];
  });
}

function isExplained(attempts: readonly Attempt[], deaths: readonly Downtime[]): boolean {
  const times = attempts.map(({ atMs }) => atMs).sort((a, b) => a - b);
  return times.slice(1).every((time, index) => {
    const before = times[index] ?? time;
    return deaths.some(
      ({ fromMs, toMs }) => fromMs <= time && toMs + recoveryMs >= before - answerMs,
    );
  });
}

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group === undefined) groups.set(keyOf(one), [one]);
    else group.push(one);
  }
  return groups;
}
