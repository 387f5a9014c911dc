/**
 * A small shop that keeps writing orders and payments into Postgres, and now and then an
 * application event or a broken record into Kafka. Each order follows a story, so that every path
 * of the routes is walked within two minutes.
 */
import type { Logger } from 'pino';
import { type Order, type ShopWorld, Steps } from './shop-steps.js';
import { firstOrder, orderOf, storyOf } from './shop-stories.js';

export interface Shop {
  /** Orders placed so far. */
  readonly orders: () => number;
  stop(): Promise<void>;
}

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
