/** `effects`: one durable effect in Postgres per event, without a workflow. */
import { EffectsTable } from './effects-table.js';
import { produce } from './events.js';
import { naiveSteps } from './fed.js';
import type { Laboratory } from './laboratory.js';
import { effectsRoute } from './routes.js';
import { figure, mean, type Scenario } from './scenario.js';
import { headrace } from './subjects.js';
import { type Throughput, throughputOf } from './throughput.js';

const rounds = 3;
const count = 10_000;
const naiveCount = 300;

export const effects: Scenario = async (laboratory, report) => {
  const naive = await naiveSteps(laboratory, distinct(naiveCount), 1);
  const ours = [];
  for (let round = 0; round < rounds; round += 1) ours.push(await effectsOfBridge(laboratory));
  const rates = ours.map(({ perSecond }) => perSecond);
  report(
    figure(
      {
        scenario: 'effects',
        metric: 'effects/s, 10,000 events with one durable effect each, against a naive loop',
        value: mean(rates),
        baseline: naive.perSecond,
      },
      {
        slowest: Math.min(...rates),
        fastest: Math.max(...rates),
        repeated: ours.reduce((sum, { repeated }) => sum + repeated, 0),
        requests: mean(ours.map(({ requests }) => requests)),
      },
    ),
  );
};

async function effectsOfBridge(laboratory: Laboratory): Promise<Throughput> {
  const table = await EffectsTable.empty(laboratory.clients.pool);
  const result = await throughputOf(laboratory, count, async (track) => {
    const worker = await laboratory.worker({
      settle: async (events) => {
        const outcomes = await table.add(events);
        track.mark(events.map(({ data }) => data));
        return outcomes;
      },
    });
    const topic = await laboratory.topic();
    await produce(laboratory.producer, topic, distinct(count));
    const { taskQueue } = worker;
    const running = await headrace(laboratory, { taskQueue, route: effectsRoute(topic) });
    return async () => {
      await running.stop();
      await worker.stop();
    };
  });
  const rows = await table.count();
  if (rows !== count) throw new Error(`effects: ${String(rows)} rows of ${String(count)} events`);
  return result;
}

function distinct(events: number): { key: string; n: number }[] {
  return Array.from({ length: events }, (_, index) => ({ key: `k${String(index)}`, n: 0 }));
}
