/** Dead letters under `skip` and `park`, waiting for a workflow, and redrive: order and once-ness. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { Pool } from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { type Bridge, runBridge } from '../../src/bridge.js';
import { application } from '../../src/bridges/application-source.js';
import { signal, start, type WhenMissing } from '../../src/bridges/command.js';
import { ensureHoldingSchema } from '../../src/bridges/holding-schema.js';
import { createHoldingStore } from '../../src/bridges/holding-store.js';
import { defineRoute, type Route } from '../../src/bridges/route.js';
import { ensureTopics } from '../../src/stack/topics.js';
import { environmentOf, headraceSays, type Said } from '../support/headrace.js';
import {
  entriesQuery,
  keepLedger,
  type LedgerEntry,
  type LedgerOpened,
} from '../support/ledger-workflow.js';
import { eventually } from '../support/site.js';

const workflowsPath = fileURLToPath(new URL('../support/ledger-workflow.ts', import.meta.url));
const taskQueue = `ledger-${randomUUID()}`;
const listing = { attributes: {}, summary: 'A ledger' };

interface Rules {
  readonly onDeadLetter?: 'park' | 'skip';
  readonly whenMissing?: WhenMissing;
  /** True: an entry may also be written as text. */
  readonly widened?: boolean;
}

/** The routes of a topic, by the rules. */
function routesOf(topic: string, rules: Rules): Route[] {
  const { onDeadLetter = 'skip', whenMissing = 'dead-letter', widened = false } = rules;
  const ledger = z.string();
  const n = widened ? z.coerce.number() : z.number();
  const [opened, entry] = ['ledger.opened', 'ledger.entry'] as const;
  return [
    defineRoute<LedgerOpened>(
      'open',
      { type: opened, sources: [application({ type: opened, topic, data: z.object({ ledger }) })] },
      'start keepLedger',
      (event) =>
        start(keepLedger, event.data.ledger, event, {}, { listing, whenClosed: 'leave-closed' }),
    ),
    defineRoute<LedgerEntry>(
      'enter',
      {
        type: entry,
        sources: [application({ type: entry, topic, data: z.object({ ledger, n }) })],
      },
      'signal keepLedger',
      (event) =>
        signal(keepLedger, event.data.ledger, event, { whenMissing, whenClosed: 'leave-closed' }),
      { onDeadLetter },
    ),
  ];
}

describe('what is set aside', () => {
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
    producer = kafka.producer();
    await producer.connect();
    pool = new Pool({ connectionString: addresses.databaseUrl });
    await ensureHoldingSchema(pool);
    connection = await NativeConnection.connect({ address: addresses.temporalAddress });
    client = new Client({ connection });
    worker = await Worker.create({ connection, taskQueue, workflowsPath });
    working = worker.run();
  });
  afterEach(async () => {
    await Promise.all([...running].map((bridge) => bridge.stop()));
    running.clear();
  });
  afterAll(async () => {
    worker.shutdown();
    await working;
    await connection.close();
    await producer.disconnect();
    await pool.end();
  });

  /** A topic of one partition, its bridges, and ledgers whose events share their key. */
  const scene = async () => {
    const topic = `ledgers-${randomUUID().slice(0, 8)}`;
    await ensureTopics(kafka, [{ topic, partitions: 1 }]);
    const bridge = async (rules: Rules): Promise<Bridge> => {
      const started = await runBridge({
        ...{ kafka, client, log, taskQueue, groupId: topic, routes: routesOf(topic, rules) },
        ...{ store: createHoldingStore(pool), deadLetterTopic: `${topic}-letters` },
      });
      running.add(started);
      return started;
    };
    const end = async (one: Bridge): Promise<void> => {
      running.delete(one);
      await one.stop();
    };
    const send = async (ledger: string, ...numbers: unknown[]): Promise<void> => {
      const message = (type: string, data: object) => {
        const id = `${type}:${JSON.stringify(data)}`;
        const value = JSON.stringify({ id, type, occurredAt: new Date().toISOString(), data });
        return { key: ledger, value };
      };
      const messages = numbers.map((n) =>
        n === 'open'
          ? message('ledger.opened', { ledger })
          : message('ledger.entry', { ledger, n }),
      );
      await producer.send({ topic, messages });
    };
    const entries = (ledger: string): Promise<readonly number[]> =>
      client.workflow
        .getHandle(ledger)
        .query(entriesQuery)
        .catch(() => []);
    const reach = (ledger: string, ...expected: number[]): Promise<void> =>
      eventually(`${ledger} to hold ${expected.join(', ')}`, async () => {
        const found = await entries(ledger);
        return JSON.stringify(found) === JSON.stringify(expected);
      });
    /** How many rows of the topic are in which state, or ended how. */
    const held = async (): Promise<Record<string, number>> => {
      const { rows } = await pool.query<{ state: string; count: number }>(
        `select coalesce(ended, state) as state, count(*)::integer as count from headrace.held
         where topic = $1 group by 1`,
        [topic],
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    };
    const holds = (expected: Record<string, number>): Promise<void> =>
      eventually(`held: ${JSON.stringify(expected)}`, async () => {
        const found = await held();
        const states = new Set([...Object.keys(found), ...Object.keys(expected)]);
        return [...states].every((state) => found[state] === expected[state]);
      });
    const says = (...args: string[]): Promise<Said> =>
      headraceSays(['dead-letters', ...args, '--topic', topic], environmentOf(addresses));
    const name = (suffix: string): string => `${topic}:${suffix}`;
    return { topic, bridge, end, send, entries, reach, holds, says, name };
  };

  it('skip: the later ones go on; mended and redriven, it comes late, and once', async () => {
    const { bridge, end, send, reach, holds, says, name } = await scene();
    const strict = await bridge({ onDeadLetter: 'skip' });
    await send(name('a'), 'open', 1, '2', 3);
    await reach(name('a'), 1, 3);
    await holds({ dead: 1 });
    expect((await says('list')).out).toMatch(/dead +│ schema-mismatch/);
    await end(strict);
    await bridge({ onDeadLetter: 'skip', widened: true });
    const { code, out } = await says('redrive', '--yes');
    expect([code, out]).toEqual([0, expect.stringContaining('1 redriven, 0 dead again')]);
    await reach(name('a'), 1, 3, 2);
    await send(name('a'), 4);
    await reach(name('a'), 1, 3, 2, 4);
    expect((await says('redrive', '--yes')).out).toContain('No dead letter fits');
    await holds({ redriven: 1 });
  });

  it('park: the later ones of its key wait, others go on; redriven, all come in order', async () => {
    const { bridge, end, send, reach, holds, says, name } = await scene();
    const strict = await bridge({ onDeadLetter: 'park' });
    await send(name('a'), 'open', 1, '2', 3, 4);
    await send(name('b'), 'open', 7, 8);
    await reach(name('b'), 7, 8);
    await reach(name('a'), 1);
    await holds({ dead: 1, behind: 2 });
    const again = await says('redrive', '--yes');
    expect([again.code, again.out]).toEqual([3, expect.stringContaining('1 dead again')]);
    await end(strict);
    await bridge({ onDeadLetter: 'park', widened: true });
    await send(name('a'), 5);
    await holds({ dead: 1, behind: 3 });
    await reach(name('a'), 1);
    expect((await says('redrive', '--yes')).code).toBe(0);
    await reach(name('a'), 1, 2, 3, 4, 5);
    await holds({ redriven: 1, delivered: 3 });
    await send(name('a'), 6);
    await reach(name('a'), 1, 2, 3, 4, 5, 6);
  });

  it('park, discarded: the later ones go on without it', async () => {
    const { bridge, send, reach, holds, says, name } = await scene();
    await bridge({ onDeadLetter: 'park' });
    await send(name('a'), 'open', 1, '2', 3);
    await holds({ dead: 1, behind: 1 });
    const { code } = await says('discard', '--state', 'dead', '--yes', '--why', 'a test');
    expect(code).toBe(0);
    await reach(name('a'), 1, 3);
    await holds({ discarded: 1, delivered: 1 });
    await send(name('a'), 4);
    await reach(name('a'), 1, 3, 4);
  });

  it('a missing workflow: what is for it waits, is seen, and comes when it starts', async () => {
    const { bridge, send, reach, holds, says, name } = await scene();
    await bridge({ whenMissing: { parkMs: 600_000 } });
    await send(name('a'), 1);
    await holds({ waiting: 1 });
    await send(name('a'), 2);
    await holds({ waiting: 1, behind: 1 });
    const { out } = await says('waiting');
    expect(out).toContain(name('a'));
    expect(out).toMatch(/│ 9m \d+s/);
    await send(name('a'), 'open', 3);
    await reach(name('a'), 1, 2, 3);
    await eventually('nothing to wait', async () =>
      (await says('waiting')).out.includes('Nothing'),
    );
  });

  it('whose time is over becomes a dead letter; redriven when it runs, it comes', async () => {
    const { bridge, send, reach, holds, says, name } = await scene();
    await bridge({ whenMissing: { parkMs: 1_500 } });
    await send(name('a'), 1);
    await holds({ dead: 1 });
    expect((await says('list')).out).toMatch(/dead +│ workflow-missing/);
    await send(name('a'), 'open');
    await eventually('it to run', () =>
      client.workflow
        .getHandle(name('a'))
        .describe()
        .then(
          () => true,
          () => false,
        ),
    );
    expect((await says('redrive', '--yes')).code).toBe(0);
    await reach(name('a'), 1);
    await holds({ redriven: 1 });
  });
});
