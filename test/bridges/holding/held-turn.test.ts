/** What a turn does with held records that are due: some cannot be read yet, the time of others is over. */
import { expect, test } from 'vitest';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { defaultLimits } from '../../../src/bridges/engine/engine-ports.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import type { Decision } from '../../../src/bridges/matching/route.js';
import { enginePorts, settle } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { aRecord } from '../../support/records.js';

const at = { topic: 'shop.events', generation: '0', partition: 0 };
const parkMs = 10_000;

/** Records are signals to the workflow that is their key; their value says by what they are read. */
async function stage() {
  const store = new FakeHoldingStore();
  const applied: string[] = [];
  const world = { nowMs: 0, readable: new Set(['json', 'avro']), running: new Set<string>() };
  const isReadable = ({ value }: KafkaRecord): boolean => world.readable.has(String(value));
  const ports = enginePorts({
    store,
    decide: (record) => {
      if (!isReadable(record)) throw new Error('a schema was not prepared');
      return [decisionOn(record)];
    },
    prepare: (records) => records.map(isReadable),
    dispatch: (request) => {
      if (request.kind !== 'signal') throw new Error(`there is no ${request.kind} here`);
      if (!world.running.has(request.workflowId)) return Promise.resolve({ kind: 'missing' });
      applied.push(...request.events.map(({ id }) => id));
      return Promise.resolve({ kind: 'done' });
    },
    recall: () => Promise.resolve({ kind: 'missing' }),
    inboxOf: () => Promise.resolve({ kind: 'missing' }),
    sleep: () => Promise.resolve(),
    now: () => world.nowMs,
    clock: () => world.nowMs,
  });
  let next = 0;
  let engine: Engine;
  let epoch: number;
  /** Another bridge takes over. */
  const takeOver = async (): Promise<void> => {
    engine = new Engine(ports, defaultLimits);
    epoch = engine.assigned([{ ...at, from: BigInt(next) }]);
    await settle();
  };
  const deliver = async (workflowId: string, format: 'json' | 'avro'): Promise<void> => {
    const record = { offset: String(next), key: Buffer.from(workflowId) };
    next += 1;
    const records = [aRecord({ ...at, ...record, value: Buffer.from(format) })];
    engine.deliver({ ...at, epoch, next: BigInt(next) }, records);
    while (!engine.idle) await settle();
  };
  /** It is `nowMs`, and some turns pass. */
  const tend = async (nowMs: number): Promise<void> => {
    world.nowMs = nowMs;
    for (let turn = 0; turn < 4; turn += 1) {
      await engine.tend();
      while (!engine.idle) await settle();
      await settle();
    }
  };
  const states = () => store.rows.map(({ held, ended }) => ended ?? held.state);
  await takeOver();
  return { store, applied, world, takeOver, deliver, tend, states };
}

function decisionOn(record: KafkaRecord): Decision {
  const event = {
    ...{ id: record.offset, type: 'e', occurredAt: '2024-01-01T00:00:00.000Z', data: {} },
    position: topicPosition(record),
  };
  const workflowId = String(record.key);
  const where = { workflowId, whenMissing: { parkMs }, whenClosed: 'leave-closed' } as const;
  return {
    kind: 'dispatch',
    route: 'r',
    park: false,
    command: { kind: 'signal', event, ...where },
  };
}

test('R2: whose time is over while nobody can read it, it waits until somebody can', async () => {
  const { store, world, takeOver, deliver, tend, states } = await stage();
  await deliver('w', 'avro');
  expect(states()).toEqual(['waiting']);
  await takeOver();
  world.readable.delete('avro');
  await tend(parkMs + 1);
  expect(states()).toEqual(['waiting']);
  world.readable.add('avro');
  await tend(parkMs + 1_000);
  expect(states()).toEqual(['dead']);
  expect(store.rows[0]?.held.reason).toBe('workflow-missing');
});

test('a schema that cannot be had keeps only those that name it, and what is behind them', async () => {
  const { applied, world, takeOver, deliver, tend, states } = await stage();
  await deliver('a', 'avro');
  await deliver('b', 'json');
  await deliver('a', 'json');
  await deliver('b', 'json');
  expect(states()).toEqual(['waiting', 'waiting', 'behind', 'behind']);
  await takeOver();
  world.readable.delete('avro');
  world.running = new Set(['a', 'b']);
  await tend(6_000);
  expect(applied).toEqual(['1', '3']);
  expect(states()).toEqual(['waiting', 'delivered', 'behind', 'delivered']);
  world.readable.add('avro');
  await tend(7_000);
  expect(applied).toEqual(['1', '3', '0', '2']);
});

test('what waited behind another has its own time, also across bridges', async () => {
  const { applied, world, takeOver, deliver, tend, states } = await stage();
  await deliver('w', 'json');
  world.nowMs = 6_000;
  await deliver('w', 'json');
  await deliver('w', 'json');
  expect(states()).toEqual(['waiting', 'behind', 'behind']);
  await takeOver();
  await tend(parkMs + 1);
  expect(states()).toEqual(['dead', 'waiting', 'waiting']);
  await tend(15_999);
  expect(states()).toEqual(['dead', 'waiting', 'waiting']);
  await tend(16_000);
  expect(states()).toEqual(['dead', 'dead', 'dead']);
  world.running.add('w');
  await deliver('w', 'json');
  expect(applied).toEqual(['3']);
});
