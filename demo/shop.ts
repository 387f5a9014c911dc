/**
 * A small shop that keeps writing orders and payments into Postgres, and now and then an
 * application event or a broken record into Kafka. Each order follows one of the stories below, so
 * that every path of the routes is walked within two minutes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from 'kafkajs';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { shopTopics } from '../src/bridges/shop-topics.js';

export interface ShopWorld {
  readonly pool: Pool;
  readonly producer: Producer;
  readonly log: Logger;
  /** Time between two steps of a story, in ms. */
  readonly stepMs: number;
}

interface Order {
  readonly orderId: number;
  readonly paymentId: string;
  readonly amount: string;
  readonly sku: string;
  readonly cardToken: string;
}

/** One way an order can go; `walk` takes the steps, waiting between them. */
interface Story {
  readonly name: string;
  readonly sku?: string;
  readonly cardToken?: string;
  walk(shop: Steps, order: Order): Promise<void>;
}

/** What a shop does, each a change in the database or an event in Kafka. */
class Steps {
  readonly #world: ShopWorld;
  readonly #signal: AbortSignal;

  constructor(world: ShopWorld, signal: AbortSignal) {
    this.#world = world;
    this.#signal = signal;
  }

  async place(order: Order): Promise<void> {
    const { orderId, paymentId, amount, sku, cardToken } = order;
    const email = `customer-${String(orderId)}@example.com`;
    await this.#world.pool.query(
      `insert into orders (order_id, customer_email, status, amount, currency, sku, quantity)
       values ($1, $2, 'pending', $3, 'EUR', $4, 1)`,
      [orderId, email, amount, sku],
    );
    await this.#world.pool.query(
      `insert into payments
         (payment_id, order_id, customer_email, amount, currency, card_token, status)
       values ($1, $2, $3, $4, 'EUR', $5, 'pending')`,
      [paymentId, orderId, email, amount, cardToken],
    );
  }

  async setOrder(order: Order, status: string): Promise<void> {
    await this.#world.pool.query(
      'update orders set status = $2, updated_at = now() where order_id = $1',
      [order.orderId, status],
    );
  }

  async failPayment(order: Order, declineCode: string): Promise<void> {
    await this.#world.pool.query(
      `update payments set status = 'failed', decline_code = $2, updated_at = now()
       where payment_id = $1`,
      [order.paymentId, declineCode],
    );
  }

  async pay(order: Order): Promise<void> {
    await this.#world.pool.query(
      `update payments set status = 'succeeded', updated_at = now() where payment_id = $1`,
      [order.paymentId],
    );
  }

  /** A change that no route cares for. */
  async correctEmail(order: Order): Promise<void> {
    await this.#world.pool.query(
      `update orders set customer_email = 'new-' || customer_email where order_id = $1`,
      [order.orderId],
    );
  }

  async publish(type: string, key: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    const event = { id: `${type}:${key}`, type, occurredAt: new Date().toISOString(), data };
    await this.publishRaw(key, JSON.stringify(event));
  }

  async publishRaw(key: string, value: string): Promise<void> {
    await this.#world.producer.send({ topic: shopTopics.events, messages: [{ key, value }] });
  }

  async wait(steps = 1): Promise<void> {
    await sleep(this.#world.stepMs * steps, undefined, { signal: this.#signal });
  }
}

const shipped = async (shop: Steps, order: Order): Promise<void> => {
  const orderId = String(order.orderId);
  await shop.wait();
  await shop.setOrder(order, 'shipped');
  await shop.wait();
  await shop.publish('shipment.delivered', orderId, { orderId });
};

const stories: readonly Story[] = [
  {
    name: 'confirmed, paid, shipped, delivered',
    walk: async (shop, order) => {
      await shop.setOrder(order, 'confirmed');
      await shop.pay(order);
      await shipped(shop, order);
    },
  },
  {
    name: 'payment fails, a later retry succeeds',
    cardToken: 'tok_insufficient_then_ok',
    walk: async (shop, order) => {
      await shop.failPayment(order, 'insufficient_funds');
      await shop.setOrder(order, 'confirmed');
      await shipped(shop, order);
    },
  },
  {
    name: 'card expired, the customer gives another',
    cardToken: 'tok_expired',
    walk: async (shop, order) => {
      const { paymentId } = order;
      await shop.failPayment(order, 'expired_card');
      await shop.wait(2);
      await shop.publish('card.updated', paymentId, { paymentId, cardToken: 'tok_ok' });
    },
  },
  {
    name: 'payment fails, then is paid by another road',
    cardToken: 'tok_insufficient',
    walk: async (shop, order) => {
      await shop.failPayment(order, 'insufficient_funds');
      await shop.wait();
      await shop.pay(order);
    },
  },
  {
    name: 'payment fails, then the order is cancelled',
    cardToken: 'tok_insufficient',
    walk: async (shop, order) => {
      const { paymentId } = order;
      const orderId = String(order.orderId);
      await shop.failPayment(order, 'insufficient_funds');
      await shop.wait();
      await shop.publish('order.cancelled', orderId, { orderId, paymentId });
    },
  },
  {
    name: 'stolen card: never retried, escalated',
    cardToken: 'tok_stolen',
    walk: (shop, order) => shop.failPayment(order, 'stolen_card'),
  },
  {
    name: 'confirmed, then cancelled: the stock is released',
    walk: async (shop, order) => {
      await shop.setOrder(order, 'confirmed');
      await shop.wait();
      await shop.setOrder(order, 'cancelled');
    },
  },
  {
    name: 'confirmed, but out of stock',
    sku: 'rare-lamp',
    walk: (shop, order) => shop.setOrder(order, 'confirmed'),
  },
  {
    name: 'a change that concerns no route',
    walk: (shop, order) => shop.correctEmail(order),
  },
  {
    name: 'a record that is not JSON',
    walk: (shop, order) => shop.publishRaw(String(order.orderId), '{"id": "half an ev'),
  },
];

export interface Shop {
  /** Orders placed so far. */
  readonly orders: () => number;
  stop(): Promise<void>;
}

const firstOrder = 1001;

/** Opens the shop: a new order every `stepMs`, numbers going on where they ended last time. */
export async function openShop(world: ShopWorld): Promise<Shop> {
  const closing = new AbortController();
  const steps = new Steps(world, closing.signal);
  const { rows } = await world.pool.query<{ next: string }>(
    'select coalesce(max(order_id) + 1, $1::bigint) as next from orders where order_id < 900000',
    [firstOrder],
  );
  const start = Number(rows[0]?.next ?? firstOrder);
  const running = new Set<Promise<void>>();
  let orders = 0;
  const trade = async (): Promise<void> => {
    for (; !closing.signal.aborted; orders += 1) {
      const order = orderOf(start + orders);
      const walk = follow(steps, order, world.log, closing.signal);
      running.add(walk);
      void walk.finally(() => running.delete(walk));
      await steps.wait().catch(() => undefined);
    }
  };
  const trading = trade();
  const stop = async (): Promise<void> => {
    closing.abort();
    await trading;
    await Promise.all(running);
  };
  return { orders: () => orders, stop };
}

async function follow(steps: Steps, order: Order, log: Logger, signal: AbortSignal): Promise<void> {
  try {
    await steps.place(order);
    await storyOf(order.orderId).walk(steps, order);
  } catch (error) {
    if (signal.aborted) return;
    log.warn({ order: order.orderId, error: String(error) }, 'the shop could not go on');
  }
}

function storyOf(orderId: number): Story {
  const story = stories[(orderId - firstOrder) % stories.length] ?? stories[0];
  if (story === undefined) throw new Error('shop: there are no stories');
  return story;
}

function orderOf(orderId: number): Order {
  const story = storyOf(orderId);
  const cents = orderId === firstOrder ? 24_999 : 1_000 + ((orderId * 7_919) % 40_000);
  return {
    orderId,
    paymentId: `pay-${String(orderId)}`,
    amount: (cents / 100).toFixed(2),
    sku: story.sku ?? 'lamp',
    cardToken: story.cardToken ?? 'tok_ok',
  };
}
