/** Bridges come and go under load, 1 → 3 → 1: nothing is lost, nothing twice, order is kept. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { Pool } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { type Bridge, runBridge } from '../../src/bridge.js';
import { application } from '../../src/bridges/matching/application-source.js';
import { signalWithStart } from '../../src/bridges/matching/command.js';
import type { EventKind } from '../../src/bridges/matching/event-source.js';
import { ensureHoldingSchema } from '../../src/bridges/holding/holding-schema.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { defineRoute } from '../../src/bridges/matching/route.js';
import { ensureTopics } from '../../src/stack/topics.js';
import { entriesQuery, keepLedger, type LedgerEntry } from '../support/ledger-workflow.js';
import { eventually } from '../support/site.js';

const workflowsPath = fileURLToPath(new URL('../support/ledger-workflow.ts', import.meta.url));
const name = `rebalance-${randomUUID().slice(0, 8)}`;
const ledgers = Array.from({ length: 18 }, (_, index) => `${name}-${String(index)}`);
const type = 'ledger.entry';

const kind: EventKind<LedgerEntry> = {
  type,
  sources: [
    application({ type, topic: name, data: z.object({ ledger: z.string(), n: z.number() }) }),
  ],
};
const listing = { attributes: {}, summary: 'A ledger' };
const route = defineRoute('enter', kind, 'signal or start keepLedger', (event) =>
  signalWithStart(
    keepLedger,
    event.data.ledger,
    event,
    {},
    { listing, whenClosed: 'leave-closed' },
  ),
);

describe('rebalances', () => {
  const addresses = inject('addresses');
  const log = pino({ level: 'silent' });
  const running = new Set<Bridge>();
  let kafka: Kafka;
  let producer: Producer;
  let pool: Pool;
  let connection: NativeConnection;
  let client: Client;
  let worker: Worker;
  let working: Promise<void>;

  beforeAll(async () => {
    kafka = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
    await ensureTopics(kafka, [{ topic: name, partitions: 6 }]);
    producer = kafka.producer();
    await producer.connect();
    pool = new Pool({ connectionString: addresses.databaseUrl });
    await ensureHoldingSchema(pool);
    connection = await NativeConnection.connect({ address: addresses.temporalAddress });
    client = new Client({ connection });
    worker = await Worker.create({ connection, taskQueue: name, workflowsPath });
    working = worker.run();
  });
  afterAll(async () => {
    await Promise.all([...running].map((bridge) => bridge.stop()));
    worker.shutdown();
    await working;
    await connection.close();
    await producer.disconnect();
    await pool.end();
  });

  const join = async (): Promise<Bridge> => {
    const bridge = await runBridge({
      ...{ kafka, client, log, taskQueue: name, groupId: name, routes: [route] },
      ...{ store: createHoldingStore(pool), deadLetterTopic: `${name}-letters` },
    });
    running.add(bridge);
    return bridge;
  };
  const leave = async (bridge: Bridge): Promise<void> => {
    running.delete(bridge);
    await bridge.stop();
  };
  const held = (bridge: Bridge): number => bridge.state()?.partitions.length ?? 0;
  const shares = (): number[] => [...running].map(held).sort();

  it('1 → 3 → 1 bridges while events keep coming', async () => {
    let round = 0;
    const feeding = new AbortController();
    const feed = (async () => {
      for (; !feeding.signal.aborted; round += 1) {
        const messages = ledgers.map((ledger) => {
          const content = { id: `${ledger}/${String(round)}`, type, data: { ledger, n: round } };
          const occurredAt = new Date().toISOString();
          return { key: ledger, value: JSON.stringify({ ...content, occurredAt }) };
        });
        await producer.send({ topic: name, messages });
        // The load, not a wait: faster would only measure how fast Temporal is.
        await sleep(20);
      }
    })();
    const first = await join();
    await eventually('one bridge has all', () => Promise.resolve(held(first) === 6));
    const [second, third] = [await join(), await join()];
    await eventually('three share', () => Promise.resolve(String(shares()) === '2,2,2'));
    const at = round;
    await eventually('they work together for a while', () => Promise.resolve(round > at + 50));
    await Promise.all([leave(second), leave(third)]);
    await eventually('one bridge has all again', () => Promise.resolve(held(first) === 6));
    feeding.abort();
    await feed;
    const expected = Array.from({ length: round }, (_, n) => n);
    for (const ledger of ledgers) {
      const entries = () => client.workflow.getHandle(ledger).query(entriesQuery);
      await eventually(`${ledger} is complete`, async () => (await entries()).length >= round);
      expect(await entries()).toEqual(expected);
    }
  }, 240_000);
});
