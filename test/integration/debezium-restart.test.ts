/**
 * Debezium killed, and its offsets rewound while it is down: it publishes again, at new offsets,
 * what it has published before. Every effect is there once.
 *
 * By itself Postgres would skip what Debezium has confirmed to its slot, so here nothing is
 * confirmed: the offsets alone say where Debezium goes on.
 */
import { copyFile, rm, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { readEventLog } from '../../src/activities/event-log.js';
import { openEnvelope } from '../../src/bridges/matching/envelope.js';
import { shopTopics } from '../../src/bridges/shop-topics.js';
import { registerConnector, shopConnector } from '../../src/stack/connector.js';
import { appliedIn, attemptsIn, effectsTwice, expectationOf } from '../crash-matrix/evidence.js';
import { paymentsIn } from '../crash-matrix/evidence.js';
import { openScene, type Scene } from '../crash-matrix/scene.js';
import { judge } from '../crash-matrix/verdict.js';
import { environmentOf } from '../support/headrace.js';
import { eventually } from '../support/site.js';

const folder = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const offsets = folder('.headrace-test/data/connect/offsets');
const copy = `${offsets}.copy`;
const addresses = inject('addresses');
const settings = shopConnector(addresses.databaseUrl);

let scene: Scene;

beforeAll(async () => {
  scene = await openScene({
    addresses,
    env: environmentOf(addresses, {
      HEADRACE_GROUP: 'headrace-test',
      HEADRACE_TASK_QUEUE: 'headrace',
    }),
    built: folder('dist/test/crash-matrix'),
    logs: folder('.headrace-test/logs'),
  });
  await registerConnector(addresses.connectUrl, { ...settings, 'flush.lsn.source': 'false' });
  scene.own.bridge.start();
  scene.own.worker.start();
});

afterAll(async () => {
  await registerConnector(addresses.connectUrl, settings);
  await scene.close();
});

async function control(what: 'kill' | 'restart'): Promise<void> {
  const answer = await fetch(`${inject('stackControl')}/${what}/connect`, { method: 'POST' });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Each order's number goes up by one, `times` over, each in a transaction of its own. */
async function countUp(times: number): Promise<void> {
  const { firstOrder, orders } = scene.round;
  for (let time = 0; time < times; time += 1) {
    await scene.pool.query(
      `update orders set quantity = quantity + 1 where order_id >= $1 and order_id < $2`,
      [firstOrder, firstOrder + orders],
    );
  }
}

async function failPayment(number: number): Promise<void> {
  const { name, firstOrder } = scene.round;
  const id = `${name}-${String(number)}`;
  await scene.pool.query(
    `insert into payments
       (payment_id, order_id, customer_email, amount, currency, card_token, status)
     values ($1, $2, 'again@example.com', 10.00, 'EUR', 'tok_ok', 'pending')`,
    [id, firstOrder],
  );
  await scene.pool.query(
    `update payments set status = 'failed', decline_code = 'insufficient_funds'
     where payment_id = $1`,
    [id],
  );
}

async function allRecorded(): Promise<void> {
  const { kafka, pool, round } = scene;
  const expected = await expectationOf(kafka, pool, round);
  const count = [...expected.values()].reduce((sum, stream) => sum + stream.length, 0);
  await eventually(`${String(count)} changes recorded, payments recovered`, async () => {
    const { open } = await paymentsIn(pool, round);
    return open.length === 0 && (await appliedIn(pool, round)).length >= count;
  });
}

/** The changes of the round's orders that are in the log, in words of what they say of an order. */
async function published(): Promise<{ readonly says: string; readonly isFirst: boolean }[]> {
  const { kafka, round } = scene;
  const found: { says: string; isFirst: boolean }[] = [];
  await readEventLog(kafka, {
    ...{ topics: [shopTopics.orders], fromMs: 0, toMs: Infinity, slackMs: 0 },
    groupPrefix: 'debezium-restart',
    take: (records) => {
      for (const record of records) {
        // Other tests share the topic, and not all that they write can be read.
        const envelope = openEnvelope(record);
        if (envelope.kind !== 'change' || envelope.change.op === 'r') continue;
        const { after, source } = envelope.change;
        const { order_id: order = -1, quantity = 0 } = after ?? {};
        if (typeof order !== 'number' || typeof quantity !== 'number') continue;
        if (order < round.firstOrder || order >= round.firstOrder + round.orders) continue;
        const isFirst = source.sequence?.startsWith('[null,') === true;
        found.push({ says: `${String(order)} ${String(quantity)}`, isFirst });
      }
    },
    heartbeat: () => undefined,
    signal: AbortSignal.timeout(60_000),
  });
  return found;
}

/** How many changes of the round's orders are in the log more than once. */
async function publishedAgain(): Promise<number> {
  const seen = new Map<string, number>();
  for (const { says } of await published()) seen.set(says, (seen.get(says) ?? 0) + 1);
  return [...seen.values()].filter((times) => times > 1).length;
}

/** Everything was applied once and in order, though the parts died as `deaths` says. */
async function expectNothingWrong(deaths: readonly { fromMs: number; toMs: number }[]) {
  const { kafka, pool, round } = scene;
  const [applied, attempts] = [await appliedIn(pool, round), await attemptsIn(pool, round)];
  const expected = await expectationOf(kafka, pool, round);
  expect(judge({ expected, applied, attempts, deaths })).toMatchObject({
    ...{ lost: [], strange: [], doubled: [], disordered: [], unexplained: [] },
  });
  expect(await effectsTwice(pool, round)).toEqual([]);
}

const deaths: { fromMs: number; toMs: number }[] = [];

it('what Debezium publishes again at new offsets acts once', async () => {
  const { pool, round } = scene;
  const since = Date.now();
  await countUp(5);
  await failPayment(1);
  await allRecorded();
  await eventually('offsets are written', async () => (await stat(offsets)).mtimeMs > since);
  await copyFile(offsets, copy);
  await countUp(20);
  for (let number = 2; number <= 6; number += 1) await failPayment(number);
  await allRecorded();

  const fromMs = Date.now();
  await control('kill');
  await copyFile(copy, offsets);
  await control('restart');
  await registerConnector(addresses.connectUrl, { ...settings, 'flush.lsn.source': 'false' });
  deaths.push({ fromMs, toMs: Date.now() });
  // They come behind what is published again.
  await countUp(5);
  await failPayment(7);
  await allRecorded();

  expect(await publishedAgain()).toBeGreaterThanOrEqual(20 * round.orders);
  await expectNothingWrong(deaths);
  const paid = await paymentsIn(pool, round);
  expect(paid).toEqual({ ids: expect.any(Array) as string[], open: [], notOnce: [] });
  expect(paid.ids).toHaveLength(7);
});

it('what it publishes first after its offsets and its slot were lost is no repetition', async () => {
  const { pool } = scene;
  const slot = settings['slot.name'];
  const slots = async (): Promise<readonly { active: boolean }[]> => {
    const query = 'select active from pg_replication_slots where slot_name = $1';
    return (await pool.query<{ active: boolean }>(query, [slot])).rows;
  };
  const fromMs = Date.now();
  await control('kill');
  await rm(offsets);
  await eventually('the slot to be let go', async () => (await slots())[0]?.active === false);
  await pool.query('select pg_drop_replication_slot($1)', [slot]);
  await control('restart');
  await registerConnector(addresses.connectUrl, settings);
  await eventually('a slot to be there', async () => (await slots())[0]?.active === true);
  deaths.push({ fromMs, toMs: Date.now() });
  await countUp(3);
  await failPayment(8);
  await allRecorded();

  // So it is: else this would test nothing.
  expect((await published()).filter(({ isFirst }) => isFirst).length).toBeGreaterThan(0);
  await expectNothingWrong(deaths);
});
