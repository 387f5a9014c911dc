/** What an operator sees of partitions that bring records which nobody can decide on yet. */
import type { Cluster, Consumer, EachBatchPayload } from 'kafkajs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test, vi } from 'vitest';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { silent, standstillOf } from '../../../src/bridges/engine/observer.js';
import { RegistryUnavailable } from '../../../src/bridges/formats/schema-registry.js';
import { PartitionCursor } from '../../../src/bridges/intake/partition-cursor.js';
import { ConsumerSession } from '../../../src/bridges/intake/consumer-session.js';
import { Watchdog } from '../../../src/bridges/intake/watchdog.js';
import { createDecoder, type Decoder } from '../../../src/bridges/matching/decoder.js';
import { bridgeMetrics } from '../../../src/bridges/metrics.js';
import { enginePorts, Naps } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { aRecord } from '../../support/records.js';

const at = { topic: 't', generation: 'g', partition: 0 };
const assignment = { ...at, from: 10n };
const anHourAgo = Date.now() - 3_600_000;

/** An engine that ignores whatever it can decide on, and what a scraper reads of it. */
function stage(store?: FakeHoldingStore) {
  const naps = new Naps();
  const never = () => Promise.reject(new Error('not asked'));
  const ports = enginePorts({
    ...{ observer: silent, dispatch: never, recall: never, inboxOf: never },
    ...(store === undefined ? {} : { store }),
    publishDeadLetter: never,
    decide: () => [{ kind: 'ignore', route: 'r', reason: 'not-concerned' }],
    sleep: naps.sleep,
  });
  const engine = new Engine(ports);
  const registry = new Registry();
  bridgeMetrics({ registry, state: () => engine.state() });
  const read = async (name: string): Promise<number | undefined> => {
    const lines = (await registry.metrics()).split('\n');
    const line = lines.find((one) => one.startsWith(name) && !one.startsWith('#'));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };
  const wake = (): void => {
    void naps.wake();
  };
  /** Whether the watchdog tells of the partition, when all stays as it is for three minutes. */
  const isStuck = (): boolean => {
    const place = new PartitionCursor(assignment, 0);
    const watchdog = new Watchdog();
    return [0, 180_000].some((now) => {
      const partitions = engine.state().partitions.map((one) => place.signs(one, now));
      const findings = watchdog.findings({ consumerAt: now, partitions }, now);
      return findings.some(({ kind }) => kind === 'nothing-settled');
    });
  };
  return { engine, read, wake, isStuck };
}

test('while the store does not say what is held, lag grows, and the bridge is not ready', async () => {
  const store = new FakeHoldingStore();
  const claim = store.claim.bind(store);
  store.claim = () => Promise.reject(new Error('Postgres is away'));
  const { engine, read, wake, isStuck } = stage(store);
  const epoch = engine.assigned([assignment]);
  const records = [10, 11].map((offset) =>
    aRecord({ ...at, offset: String(offset), timestamp: String(anHourAgo) }),
  );
  engine.deliver({ ...at, epoch, next: 12n, highWatermark: 500n }, records);
  expect(await read('headrace_lag_seconds')).toBeCloseTo(3_600, -1);
  expect(await read('headrace_lag_records')).toBe(490);
  expect(await read('headrace_unsettled_records')).toBe(2);
  engine.learnEnd('t', 0, 800n);
  expect(await read('headrace_lag_records')).toBe(790);
  expect(isStuck()).toBe(true);
  expect(standstillOf(engine.state())).toContain('Postgres');
  store.claim = claim;
  await vi.waitFor(() => {
    wake();
    expect(standstillOf(engine.state())).toBeUndefined();
  });
  expect(await read('headrace_unsettled_records')).toBe(0);
  expect(isStuck()).toBe(false);
});

test('so it is for partitions that wait for the schema registry, and only they are named', async () => {
  const { engine, read, isStuck } = stage();
  let isAway = true;
  const decoder: Decoder = {
    ...createDecoder(),
    prepare: () => (isAway ? Promise.reject(new RegistryUnavailable('away')) : undefined),
  };
  const nothing = (): void => undefined;
  const consumer = { seek: nothing, pause: nothing, resume: nothing } as unknown as Consumer;
  const session = new ConsumerSession(
    { t: [0, 1] },
    {
      ...{ consumer, cluster: {} as Cluster, decoder, log: pino({ level: 'silent' }) },
      ...{ read: nothing, rejoin: nothing },
      deliver: (to, records) => {
        engine.deliver(to, records);
      },
      wait: (to, records) => {
        engine.wait(to, records);
      },
      halt: (cause) => {
        throw new Error(cause);
      },
    },
  );
  const assignments = [assignment, { ...assignment, partition: 1 }];
  const points = assignments.map((one) => ({ assignment: one, logEnd: 500n }));
  session.open(points, engine.assigned(assignments), false);
  const message = { timestamp: String(anHourAgo), key: null, value: Buffer.from('x') };
  const messages = ['10', '11'].map((offset) => ({ ...message, offset }));
  const batch = {
    ...at,
    messages,
    highWatermark: '500',
    fetchedOffset: '10',
    lastOffset: () => '11',
  };
  await session.take({ batch } as unknown as EachBatchPayload);
  expect(await read('headrace_lag_seconds')).toBeCloseTo(3_600, -1);
  expect(await read('headrace_lag_records{topic="t",partition="0"}')).toBe(490);
  expect(await read('headrace_unsettled_records{topic="t",partition="0"}')).toBe(2);
  expect(isStuck()).toBe(true);
  expect(standstillOf(engine.state())).toBe('waits for schemas: t/0');
  isAway = false;
  await vi.waitFor(
    () => {
      expect(standstillOf(engine.state())).toBeUndefined();
    },
    { timeout: 5_000 },
  );
  expect(await read('headrace_unsettled_records{topic="t",partition="0"}')).toBe(0);
});
