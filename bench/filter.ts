/** `filter`: many records of which few matter, beside a consumer that only parses and counts. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { change } from '../src/bridges/matching/change-source.js';
import type { EffectOutcome } from '../src/bridges/matching/command.js';
import type { EventKind } from '../src/bridges/matching/event-source.js';
import type { Route } from '../src/bridges/matching/route.js';
import { produceChanges } from './changes.js';
import type { Laboratory } from './laboratory.js';
import { effectsRoute } from './routes.js';
import { figure, type Scenario } from './scenario.js';
import { headrace } from './subjects.js';
import type { BenchEvent } from './workflows/index.js';

const count = 1_000_000;
const matching = count / 100;
/** Each reads the topic so often, in turn, so that a slow minute of the machine hits both. */
const rounds = 2;

export const filter: Scenario = async (laboratory, report) => {
  const topic = await laboratory.topic();
  await produceChanges(laboratory.producer, topic, count);
  const seconds = { bare: 0, ours: 0 };
  const calls = laboratory.calls();
  for (let round = 0; round < rounds; round += 1) {
    seconds.bare += await bareConsumer(laboratory, topic);
    seconds.ours += await headraceSeconds(laboratory, topic);
  }
  report(
    figure(
      {
        scenario: 'filter',
        metric: 'records/s, 1,000,000 changes of which 1 % take effect',
        value: (count * rounds) / seconds.ours,
        baseline: (count * rounds) / seconds.bare,
      },
      { rounds, requests: (laboratory.calls() - calls) / (count * rounds) },
    ),
  );
};

/** Seconds from the assignment until every record was parsed and the matching ones counted. */
async function bareConsumer({ clients }: Laboratory, topic: string): Promise<number> {
  const consumer = clients.kafka.consumer({
    groupId: `bare-${randomUUID()}`,
    // What the bridge asks for as well.
    ...{ maxWaitTimeInMs: 100, minBytes: 1, maxBytesPerPartition: 1024 * 1024 },
  });
  const assigned = new Promise((resolve) => consumer.on('consumer.group_join', resolve));
  let [seen, matched] = [0, 0];
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    partitionsConsumedConcurrently: 64,
    eachBatch: ({ batch }) => {
      for (const { value } of batch.messages) {
        const { before, after } = JSON.parse(value?.toString() ?? '') as Parsed;
        if (before.status === 'pending' && after.status === 'confirmed') matched += 1;
      }
      seen += batch.messages.length;
      return Promise.resolve();
    },
  });
  await assigned;
  const start = performance.now();
  while (seen < count) await sleep(10);
  const seconds = (performance.now() - start) / 1_000;
  await consumer.disconnect();
  if (matched !== matching) throw new Error(`filter: bare consumer found ${String(matched)}`);
  return seconds;
}

interface Parsed {
  readonly before: { readonly status: string };
  readonly after: { readonly status: string };
}

/** Seconds from the assignment until every record is settled and every match has had its effect. */
async function headraceSeconds(laboratory: Laboratory, topic: string): Promise<number> {
  const effects = new Set<string>();
  const worker = await laboratory.worker({
    settle: (events) => {
      for (const { id } of events) effects.add(id);
      return Promise.resolve(events.map((): EffectOutcome => ({ status: 'done' })));
    },
  });
  const { taskQueue } = worker;
  const { bridge } = await headrace(laboratory, { taskQueue, route: routeOf(topic) });
  const start = performance.now();
  const settled = (): number =>
    [...bridge.engine.windows].reduce(
      (sum, { offsets }) => sum + Number(offsets.watermark() ?? 0n),
      0,
    );
  while (effects.size < matching || settled() < count) await sleep(10);
  const seconds = (performance.now() - start) / 1_000;
  await bridge.stop();
  await worker.stop();
  return seconds;
}

function routeOf(topic: string): Route {
  const row = z.object({ order_id: z.number().int(), status: z.enum(['pending', 'confirmed']) });
  const kind: EventKind<BenchEvent> = {
    type: 'bench.event',
    sources: [
      change({
        ...{ type: 'bench.event', topic, row },
        when: ({ changed }) => changed('status', 'pending', 'confirmed'),
        data: ({ order_id: n }) => ({ key: `k${String(n)}`, n }),
      }),
    ],
  };
  return effectsRoute(topic, { kind, series: `${randomUUID()}/` });
}
