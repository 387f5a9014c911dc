/** `latency`: from produce to the first activity, at a steady 15 events per second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { produce } from './events.js';
import type { Laboratory } from './laboratory.js';
import { figure, percentile, type Scenario } from './scenario.js';
import { type Feed, headrace, naiveLoop, type Subject } from './subjects.js';

const perSecond = 15;
const seconds = 20;
/** Connections, code and caches are cold before that. */
const warmUp = 30;

export const latency: Scenario = async (laboratory, report) => {
  const naive = await latenciesOf(laboratory, naiveLoop);
  const ours = await latenciesOf(laboratory, headrace);
  report(
    figure(
      {
        scenario: 'latency',
        metric: 'ms, p99 from produce to first activity, 15 events/s',
        value: percentile(ours, 99),
        baseline: percentile(naive, 99),
      },
      {
        p50: percentile(ours, 50),
        p99: percentile(ours, 99),
        baselineP50: percentile(naive, 50),
        baselineP99: percentile(naive, 99),
      },
    ),
  );
};

async function latenciesOf(
  laboratory: Laboratory,
  subject: (laboratory: Laboratory, feed: Feed) => Promise<Subject>,
): Promise<number[]> {
  const producedAt = new Map<string, number>();
  const latencies: number[] = [];
  const worker = await laboratory.worker((events) => {
    for (const { key } of events) {
      latencies.push(performance.now() - (producedAt.get(key) ?? Number.NaN));
    }
  });
  const topic = await laboratory.topic();
  const running = await subject(laboratory, {
    topic,
    taskQueue: worker.taskQueue,
    eventsPerKey: 1,
  });
  const total = warmUp + perSecond * seconds;
  for (let index = 0; index < total; index += 1) {
    const key = `k${String(index)}`;
    producedAt.set(key, performance.now());
    await produce(laboratory.producer, topic, [{ key, n: 0 }]);
    await sleep(1_000 / perSecond - (performance.now() - (producedAt.get(key) ?? 0)));
  }
  while (latencies.length < total) await sleep(20);
  await running.stop();
  await worker.stop();
  return latencies.slice(warmUp);
}
