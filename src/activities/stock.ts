/**
 * Activities: stock and its reservations.
 *
 * S1 One reservation per order, in one direction: reserved, then released or shipped.
 * S2 A release that comes before its reservation leaves a tombstone: a reservation that was on its
 *    way when the order was cancelled finds it, and takes nothing.
 */
import type { Pool } from 'pg';
import { inBooks } from './books.js';
import { recordEffect } from './effects.js';

export interface StockRequest {
  readonly orderId: string;
  readonly sku: string;
  /** Pieces, at least 1. */
  readonly quantity: number;
}

export interface StockMark {
  readonly orderId: string;
}

export interface StockActivities {
  /** Sets the pieces aside. False: there are not enough, or the order was released before. */
  reserveStock(request: StockRequest): Promise<{ readonly reserved: boolean }>;
  /** Gives the pieces back, unless they were shipped. */
  releaseStock(mark: StockMark): Promise<{ readonly released: boolean }>;
  /** The pieces have left. */
  shipStock(mark: StockMark): Promise<{ readonly shipped: boolean }>;
}

export function createStock(pool: Pool): StockActivities {
  return {
    reserveStock: (request) => reserveStock(pool, request),
    releaseStock: (mark) => releaseStock(pool, mark),
    shipStock: (mark) => shipStock(pool, mark),
  };
}

async function reserveStock(pool: Pool, { orderId, sku, quantity }: StockRequest) {
  return inBooks(pool, async (books) => {
    const claim = await books.query(
      `insert into reservations (order_id, sku, quantity, state)
       values ($1::bigint, $2, $3, 'reserved') on conflict (order_id) do nothing`,
      [orderId, sku, quantity],
    );
    if (claim.rowCount === 0) {
      const { rows } = await books.query<{ state: string }>(
        'select state from reservations where order_id = $1::bigint',
        [orderId],
      );
      return { reserved: rows[0]?.state !== 'released' };
    }
    const taken = await books.query(
      'update stock set available = available - $2 where sku = $1 and available >= $2',
      [sku, quantity],
    );
    if (taken.rowCount === 0) {
      await books.query('delete from reservations where order_id = $1::bigint', [orderId]);
      return { reserved: false };
    }
    await recordEffect(books, 'stock', `stock/${orderId}/reserved`);
    return { reserved: true };
  });
}

async function releaseStock(pool: Pool, { orderId }: StockMark) {
  return inBooks(pool, async (books) => {
    // S2: the tombstone, which also makes a reservation under way wait for this transaction.
    await books.query(
      `insert into reservations (order_id, sku, quantity, state)
       values ($1::bigint, null, 0, 'released') on conflict (order_id) do nothing`,
      [orderId],
    );
    const { rows } = await books.query<{ sku: string; quantity: number }>(
      `update reservations set state = 'released'
       where order_id = $1::bigint and state = 'reserved' returning sku, quantity`,
      [orderId],
    );
    const [freed] = rows;
    if (freed === undefined) return { released: false };
    await books.query('update stock set available = available + $2 where sku = $1', [
      freed.sku,
      freed.quantity,
    ]);
    await recordEffect(books, 'stock', `stock/${orderId}/released`);
    return { released: true };
  });
}

async function shipStock(pool: Pool, { orderId }: StockMark) {
  return inBooks(pool, async (books) => {
    const { rowCount } = await books.query(
      `update reservations set state = 'shipped' where order_id = $1::bigint and state = 'reserved'`,
      [orderId],
    );
    const shipped = rowCount === 1;
    if (shipped) await recordEffect(books, 'stock', `stock/${orderId}/shipped`);
    return { shipped };
  });
}
