/** The runs of throughput scenarios: a full topic or a raw client, and a worker of its own. */
import { produce } from './events.js';
import type { BenchWorker, Laboratory, Step } from './laboratory.js';
import { rawStart } from './raw.js';
import { stepsRoute } from './routes.js';
import { headrace, naiveLoop, type Subject } from './subjects.js';
import { type Throughput, throughputOf, type Track } from './throughput.js';

/** Headrace, workflows of `eventsPerKey` steps. */
export function headraceSteps(
  laboratory: Laboratory,
  steps: readonly Step[],
  eventsPerKey: number,
): Promise<Throughput> {
  return fed(laboratory, steps, ({ topic, taskQueue }) =>
    headrace(laboratory, { taskQueue, route: stepsRoute(topic, { eventsPerKey }) }),
  );
}

/** The naive loop with the same workflows. */
export function naiveSteps(
  laboratory: Laboratory,
  steps: readonly Step[],
  eventsPerKey: number,
): Promise<Throughput> {
  return fed(laboratory, steps, (feed) => naiveLoop(laboratory, { ...feed, eventsPerKey }));
}

/** The raw client starts the workflows, so many calls at once. */
export function rawSteps(
  laboratory: Laboratory,
  steps: readonly Step[],
  concurrency: number,
): Promise<Throughput> {
  return throughputOf(laboratory, steps.length, async (track) => {
    const worker = await workerOf(laboratory, track);
    const target = { topic: worker.taskQueue, taskQueue: worker.taskQueue };
    const queue = steps.values();
    const lanes = Array.from({ length: concurrency }, async () => {
      for (const step of queue) {
        await rawStart(laboratory, target, { step, local: false, eager: true });
      }
    });
    return async () => {
      await Promise.all(lanes);
      await worker.stop();
    };
  });
}

function fed(
  laboratory: Laboratory,
  steps: readonly Step[],
  subject: (feed: { topic: string; taskQueue: string }) => Promise<Subject>,
): Promise<Throughput> {
  return throughputOf(laboratory, steps.length, async (track) => {
    const worker = await workerOf(laboratory, track);
    const topic = await laboratory.topic();
    await produce(laboratory.producer, topic, steps);
    const running = await subject({ topic, taskQueue: worker.taskQueue });
    return async () => {
      await running.stop();
      await worker.stop();
    };
  });
}

function workerOf(laboratory: Laboratory, track: Track): Promise<BenchWorker> {
  return laboratory.worker({
    mark: (steps) => {
      track.mark(steps);
      return Promise.resolve();
    },
  });
}
