/**
 * The load: application events on a topic of the round's own, and changes made by SQL. It goes on
 * whatever dies. What it asked for is not what is expected afterwards: what is in the log and in the
 * books is, since the answer to a write may have died with a broker.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka, Message } from 'kafkajs';
import type { Pool } from 'pg';
import { randomOf } from './kill-plan.js';
import type { Round } from './routes.js';
import type { MatrixEvent } from './workflows/index.js';

/** How often events are written, ms, and how many at a time. */
const everyMs = 150;
const atOnce = 15;
export const ownerNames = Array.from({ length: 10 }, (_, index) => `o${String(index)}`);
/** How often a payment fails, ms. */
const paymentMs = 1_200;

export interface Load {
  /** Ends it; resolves when its last writes are over. */
  stop(): Promise<void>;
}

/** Of ten events so many. Starts cost the most. */
const kinds: readonly MatrixEvent['type'][] = [
  ...times(5, 'matrix.entry' as const),
  ...times(4, 'matrix.tallied' as const),
  ...times(1, 'matrix.visited' as const),
];

export async function makeOrders(pool: Pool, { firstOrder, orders }: Round): Promise<void> {
  await pool.query(
    `insert into orders (order_id, customer_email, status, amount, currency, sku, quantity)
     select n, 'matrix@example.com', 'pending', 10, 'EUR', 'lamp', 1
     from generate_series($1::int, $1::int + $2::int - 1) as n`,
    [firstOrder, orders],
  );
}

export function startLoad(of: {
  readonly kafka: Kafka;
  readonly pool: Pool;
  readonly round: Round;
  readonly seed: number;
}): Load {
  const { kafka, pool, round } = of;
  const random = randomOf(of.seed + 1);
  const over = new AbortController();
  const loops = [
    repeat(over.signal, everyMs, publisher(kafka, round, random)),
    repeat(over.signal, everyMs, () => countUp(pool, round, random)),
    repeat(over.signal, paymentMs, payer(pool, round)),
  ];
  return {
    stop: async () => {
      over.abort();
      await Promise.all(loops);
    },
  };
}

/** What fails was hit by a blow; the next turn is as good. */
async function repeat(signal: AbortSignal, ms: number, turn: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await turn().catch(() => undefined);
    await sleep(ms);
  }
}

/**
 * A write that fails is not repeated, by itself it would come twice: the next one goes on with
 * higher numbers, whether or not this one is in the log.
 */
function publisher(kafka: Kafka, round: Round, random: () => number): () => Promise<void> {
  const numbers = new Map<string, number>();
  let producer = kafka.producer({ retry: { retries: 0 }, allowAutoTopicCreation: false });
  let connected = false;
  const messageOf = (type: MatrixEvent['type'], owner: string): Message => {
    const stream = `${round.name}/${owner}/${type}`;
    const n = (numbers.get(stream) ?? 0) + 1;
    numbers.set(stream, n);
    const content = { id: randomUUID(), type, occurredAt: new Date().toISOString() };
    return { key: owner, value: JSON.stringify({ ...content, data: { stream, n } }) };
  };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  let turn = 0;
  return async () => {
    turn += 1;
    const owner = (): string => pick(ownerNames);
    const messages = Array.from({ length: atOnce }, () => messageOf(pick(kinds), owner()));
    if (turn % 4 === 0) messages.push(messageOf('matrix.asked', owner()));
    if (turn % 6 === 0) messages.push(messageOf('matrix.opened', owner()));
    try {
      if (!connected) await producer.connect();
      connected = true;
      await producer.send({ topic: round.topic, messages });
    } catch (error) {
      // Its connection would answer late, for what nobody waits for any more.
      const broken = producer;
      producer = kafka.producer({ retry: { retries: 0 }, allowAutoTopicCreation: false });
      connected = false;
      await broken.disconnect().catch(() => undefined);
      throw error;
    }
  };
}

/** A transaction raises the number of some orders; how far each got is in the books. */
async function countUp(pool: Pool, round: Round, random: () => number): Promise<void> {
  const from = round.firstOrder + Math.floor(random() * round.orders);
  await pool.query(
    `update orders set quantity = quantity + 1
     where order_id >= $1 and order_id < least($1 + 4, $2)`,
    [from, round.firstOrder + round.orders],
  );
}

function payer(pool: Pool, { name, firstOrder }: Round): () => Promise<void> {
  let number = 0;
  return async () => {
    number += 1;
    const id = `${name}-${String(number)}`;
    await pool.query(
      `insert into payments
         (payment_id, order_id, customer_email, amount, currency, card_token, status)
       values ($1, $2, 'matrix@example.com', 10.00, 'EUR', 'tok_ok', 'pending')`,
      [id, firstOrder],
    );
    await pool.query(
      `update payments set status = 'failed', decline_code = 'insufficient_funds'
       where payment_id = $1 and status = 'pending'`,
      [id],
    );
  };
}

function times<T>(count: number, one: T): T[] {
  return Array.from({ length: count }, () => one);
}
