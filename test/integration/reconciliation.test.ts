/**
 * Reconciliation on the real stack, in a namespace, a database and a topic of its own: it finds one
 * discrepancy of each kind, and reports none where there is none, also while traffic flows.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { seedDiscrepancies } from '../../demo/discrepancies.js';
import { ensureSchema } from '../../src/activities/books.js';
import type { Expectation } from '../../src/activities/expectation.js';
import { createReconciliation } from '../../src/activities/reconciliation.js';
import type { KafkaRecord } from '../../src/bridges/matching/record.js';
import { ensureSchedules, schedules } from '../../src/bridges/schedules.js';
import { startReconciliation } from '../../src/commands/reconcile.js';
import { installRuntime } from '../../src/sdk-runtime.js';
import { ensureTopics } from '../../src/stack/topics.js';
import {
  type Notice,
  type reconcile,
  reconciliationQuery,
  type ReconciliationReport,
} from '../../src/workflows/index.js';
import { eventually, succeeds } from '../support/site.js';
import { openTemporalStage, type TemporalStage } from '../support/temporal-stage.js';

const name = `reconciliation_${randomUUID().replaceAll('-', '')}`;
/** For events of long ago: within one topic time goes on. */
const formerly = `${name}_formerly`;
const queue = { HEADRACE_TASK_QUEUE: name };
const settleMs = 2_000;
const minute = 60_000;
const retentionDays = 3;
const log = pino({ level: 'silent' });

/** Stands in for the route table: an event names what it expects. */
function interpret({ value }: KafkaRecord): readonly Expectation[] {
  return value === null ? [] : [JSON.parse(value.toString()) as Expectation];
}

function confirmed(orderId: string, amount = '249.90'): Expectation {
  return {
    route: 'fulfil-confirmed-order',
    workflowId: `order:${orderId}`,
    kind: 'start',
    eventType: 'order.confirmed',
    data: { orderId, amount, currency: 'EUR' },
  };
}

describe('reconciliation', () => {
  const notices: Notice[] = [];
  let stage: TemporalStage;
  let pool: pg.Pool;
  let client: Client;

  beforeAll(async () => {
    installRuntime(log);
    stage = await openTemporalStage(inject('addresses'));
    const { kafka, connection } = stage;
    await ensureTopics(
      kafka,
      [name, formerly].map((topic) => ({ topic, partitions: 3 })),
    );
    pool = await aDatabase(inject('addresses').databaseUrl);
    await aNamespace(connection);
    client = new Client({ connection, namespace: name });
    const deps = {
      kafka,
      pool,
      client,
      prepare: () => undefined,
      interpret,
      topics: [name, formerly],
      namespace: name,
      group: name,
    };
    const activities = createReconciliation({ ...deps, operators: 'operators@headrace.test' });
    const sendNotice = (notice: Notice) => Promise.resolve(notices.push(notice));
    await stage.worker({
      ...{ namespace: name, taskQueue: name, activities: { ...activities, sendNotice } },
      workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    });
  });

  afterAll(async () => {
    await stage.close();
    await pool.end();
  });

  async function tell(event: Expectation, atMs = Date.now(), topic = name): Promise<void> {
    const message = { key: event.workflowId, value: JSON.stringify(event) };
    await stage.producer.send({ topic, messages: [{ ...message, timestamp: String(atMs) }] });
  }

  async function book(orderId: string, amount = '249.90'): Promise<void> {
    await pool.query(`insert into orders values ($1, 'confirmed', $2, 'EUR')`, [orderId, amount]);
  }

  /** As the bridge would. Nothing polls this queue: a run that does nothing is a run all the same. */
  async function run(orderId: string): Promise<void> {
    await client.workflow.start('fulfilOrder', {
      workflowId: `order:${orderId}`,
      taskQueue: 'nobody',
      args: [{}],
    });
  }

  async function order(orderId: string): Promise<void> {
    await book(orderId);
    await tell(confirmed(orderId));
    await run(orderId);
  }

  function startSince(fromMs: number) {
    const range = { from: new Date(fromMs).toISOString(), to: new Date().toISOString() };
    return startReconciliation(client, queue, { ...range, settleMs });
  }

  async function reconcileSince(fromMs: number): Promise<ReconciliationReport> {
    return (await startSince(fromMs)).result();
  }

  /** Starts a reconciliation that finds something at its first look, and waits for its second. */
  async function lookOnceSince(fromMs: number) {
    const handle = await startSince(fromMs);
    await eventually('the second look to be due', async () => {
      const { stage } = await handle.query(reconciliationQuery);
      return stage === 'second look';
    });
    return handle;
  }

  it('does not judge an event whose run may have passed the retention of the namespace', async () => {
    const long = Date.now() - (retentionDays + 1) * 1_440 * minute;
    await book('2201');
    await tell(confirmed('2201'), long, formerly);
    const [from, to] = [long - minute, long + minute].map((ms) => new Date(ms).toISOString());
    const request = { from: String(from), to: String(to), settleMs };
    const report = await (await startReconciliation(client, queue, request)).result();
    expect(report.findings).toEqual([]);
    expect(report.totals).toMatchObject({ events: 1, expectedRuns: 1, runs: 0, notJudged: 1 });
  });

  it('reports nothing while orders flow, and counts what it saw', async () => {
    const since = Date.now();
    const flowing = new AbortController();
    const starting: Promise<void>[] = [];
    const traffic = (async () => {
      for (let id = 1; !flowing.signal.aborted; id += 1) {
        const orderId = String(id);
        await book(orderId);
        await tell(confirmed(orderId));
        // The bridge takes its time: some runs begin after the range has been read.
        starting.push(sleep((id % 5) * 300).then(() => run(orderId)));
        // The load, not a wait.
        await sleep(30);
      }
    })();
    await eventually('orders to flow', () => Promise.resolve(starting.length > 40));
    const report = await reconcileSince(since);
    flowing.abort();
    await traffic;
    await Promise.all(starting);
    expect(report.findings).toEqual([]);
    expect(report.totals.events).toBeGreaterThan(20);
    expect(report.totals.expectedRuns).toBe(report.totals.events);
    expect(report.totals.orders).toBe(report.totals.events);
  });

  it('finds a run late, and an event late, without calling either drift', async () => {
    const since = Date.now();
    await book('2001');
    await tell(confirmed('2001'));
    await book('2002');
    // As after an outage: told long ago, run now.
    await tell(confirmed('2002'), since - 90 * minute, formerly);
    await run('2002');
    const reconciling = await lookOnceSince(since);
    await run('2001');
    const report = await reconciling.result();
    expect(report.findings).toEqual([]);
    expect(report.totals).toMatchObject({ expectedRuns: 1, runs: 1 });
  });

  it('takes the last word on an amount, also when it is said later', async () => {
    const since = Date.now();
    await tell(confirmed('2101', '10.00'));
    await run('2101');
    await book('2101', '11.00');
    const reconciling = await lookOnceSince(since);
    await tell(confirmed('2101', '11'));
    expect((await reconciling.result()).findings).toEqual([]);
  });

  it('takes a run that another continued as for no new beginning', async () => {
    const chained = await Worker.create({
      connection: stage.connection,
      namespace: name,
      taskQueue: 'chained',
      workflowsPath: fileURLToPath(new URL('../support/chained-order.ts', import.meta.url)),
    });
    const since = await chained.runUntil(async () => {
      const handle = await client.workflow.start('fulfilOrder', {
        workflowId: 'order:2301',
        taskQueue: 'chained',
      });
      const between = (await handle.describe()).startTime.getTime() + 1;
      await handle.signal('continue');
      await handle.result();
      return between;
    });
    expect((await reconcileSince(since)).findings).toEqual([]);
  });

  it('is started by the schedule for the day before, however often that is ensured', async () => {
    const config = { ...queue, HEADRACE_TIME_ZONE: 'Asia/Kolkata' };
    await ensureSchedules(client, schedules({ ...config, HEADRACE_TIME_ZONE: 'Etc/UTC' }));
    await ensureSchedules(client, schedules(config));
    const handle = client.schedule.getHandle('headrace:reconcile-nightly');
    expect((await handle.describe()).spec.timezone).toBe('Asia/Kolkata');
    await handle.trigger();
    let workflowId = '';
    await eventually('the schedule to act', async () => {
      const { recentActions } = (await handle.describe()).info;
      workflowId = recentActions[0]?.action.workflow.workflowId ?? '';
      return workflowId !== '';
    });
    expect(workflowId).toMatch(/^reconcile:nightly-/);
    const report = await client.workflow.getHandle<typeof reconcile>(workflowId).result();
    expect(report.from.slice(10)).toBe('T18:30:00.000Z');
    expect(Date.parse(report.to) - Date.parse(report.from)).toBe(1_440 * minute);
    await handle.delete();
  });

  it('finds one discrepancy of each kind, writes them down and mails them', async () => {
    const since = Date.now();
    for (const id of ['3001', '3002', '3003', '3004']) await order(id);
    const seeded = await seedDiscrepancies({
      pool,
      client,
      namespace: name,
      taskQueue: 'nobody',
      log,
      quietMs: 0,
    });
    expect(seeded).toHaveLength(3);
    const report = await reconcileSince(since);
    expect(report.findings).toMatchObject([
      { kind: 'event-without-run', subject: 'order 3004', workflowId: 'order:3004' },
      { kind: 'run-without-event', subject: 'order 999001', workflowId: 'order:999001' },
      {
        kind: 'books-disagree',
        subject: 'order 3003',
        expected: '249.90 EUR',
        found: '249.91 EUR',
      },
    ]);
    const { rows } = await pool.query(
      'select range_from, totals, findings from headrace.reconciliation_reports where id = $1',
      [report.id],
    );
    expect(rows).toMatchObject([
      { range_from: new Date(report.from), totals: report.totals, findings: report.findings },
    ]);
    expect(notices.at(-1)?.subject).toContain('3 differences');
    expect(notices.at(-1)?.text).toContain('0.01 EUR too much');
  });
});

/** A database of its own: the shop's tables, as narrow as reconciliation needs them. */
async function aDatabase(databaseUrl: string): Promise<pg.Pool> {
  const outer = new pg.Client({ connectionString: databaseUrl });
  await outer.connect();
  await outer.query(`create database ${name}`);
  await outer.end();
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const pool = new pg.Pool({ connectionString: url.href });
  await ensureSchema(pool);
  await pool.query(`
    create table orders (order_id bigint primary key, status text, amount numeric(12,2), currency text,
      updated_at timestamptz not null default now());
    create table payments (payment_id text primary key, amount numeric(12,2), currency text);
  `);
  return pool;
}

/** A namespace of its own; the server takes a moment to know it everywhere. */
async function aNamespace(connection: NativeConnection): Promise<void> {
  const service = connection.workflowService;
  const workflowExecutionRetentionPeriod = { seconds: retentionDays * 86_400 };
  await service.registerNamespace({ namespace: name, workflowExecutionRetentionPeriod } as never);
  const client = new Client({ connection, namespace: name });
  await eventually(`namespace ${name} to be known`, () => succeeds(client.workflow.count()));
}
