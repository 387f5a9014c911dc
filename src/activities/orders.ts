/** Activities: the status of orders in the shop's books. */
import type { Pool } from 'pg';
import { inBooks } from './books.js';
import { recordEffect } from './effects.js';

export interface OrderMark {
  readonly orderId: string;
}

export interface MarkedOrder {
  readonly changed: boolean;
  /** The order's status now; absent where the books have no such order. */
  readonly status?: string;
}

export interface OrderActivities {
  /** Cancels the order unless its parcel has left: the status that it has then tells. */
  markOrderCancelled(mark: OrderMark): Promise<MarkedOrder>;
  /** Completes an order that was not cancelled. Answers whether anything changed. */
  markOrderCompleted(mark: OrderMark): Promise<MarkedOrder>;
}

/** From which statuses an order can become what: a repeated activity finds nothing to do. */
const openFor = {
  cancelled: ['pending', 'confirmed'],
  completed: ['confirmed', 'shipped'],
} as const;

export function createOrders(pool: Pool): OrderActivities {
  const mark = async (orderId: string, status: keyof typeof openFor) =>
    inBooks(pool, async (books) => {
      const { rowCount } = await books.query(
        `update orders set status = $2, updated_at = now()
         where order_id = $1::bigint and status = any($3::text[])`,
        [orderId, status, openFor[status]],
      );
      const changed = rowCount === 1;
      if (changed) {
        await recordEffect(books, 'order', `order/${orderId}/${status}`);
        return { changed, status };
      }
      // Read after the update, which waited for whoever was just changing the order.
      const { rows } = await books.query<{ status: string }>(
        'select status from orders where order_id = $1::bigint',
        [orderId],
      );
      return { changed, ...rows[0] };
    });
  return {
    markOrderCancelled: ({ orderId }) => mark(orderId, 'cancelled'),
    markOrderCompleted: ({ orderId }) => mark(orderId, 'completed'),
  };
}
