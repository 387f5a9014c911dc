/** What a shop does, each a change in the database or an event in Kafka. */
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

export interface Order {
  readonly orderId: number;
  readonly paymentId: string;
  readonly amount: string;
  readonly sku: string;
  readonly cardToken: string;
}

export class Steps {
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
