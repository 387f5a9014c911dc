/** Events per second from a full topic to the last step, for one subject. */
import { produce } from './events.js';
import type { Laboratory, Step } from './laboratory.js';
import type { Feed, Subject } from './subjects.js';

export interface Throughput {
  readonly perSecond: number;
  /** Steps of one workflow that came before an earlier one. */
  readonly violations: number;
  /** Steps that ran more than once. */
  readonly repeated: number;
}

/** Feeds `steps`, lets `subject` work, and waits until every step has run. */
export async function throughputOf(
  laboratory: Laboratory,
  subject: (laboratory: Laboratory, feed: Feed) => Promise<Subject>,
  steps: readonly Step[],
  eventsPerKey: number,
): Promise<Throughput> {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  let violations = 0;
  let repeated = 0;
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    done = resolve;
  });
  const worker = await laboratory.worker((events) => {
    for (const { key, n } of events) {
      const id = `${key}/${String(n)}`;
      if (seen.has(id)) repeated += 1;
      else if (n < (last.get(key) ?? 0)) violations += 1;
      seen.add(id);
      last.set(key, Math.max(n, last.get(key) ?? 0));
    }
    if (seen.size === steps.length) done();
  });
  const topic = await laboratory.topic();
  await produce(laboratory.producer, topic, steps);
  const running = await subject(laboratory, { topic, taskQueue: worker.taskQueue, eventsPerKey });
  const start = performance.now();
  await all;
  const seconds = (performance.now() - start) / 1_000;
  await running.stop();
  await worker.stop();
  return { perSecond: steps.length / seconds, violations, repeated };
}
