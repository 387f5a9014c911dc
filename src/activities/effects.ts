/**
 * The outside witness: what really happened, counted where it happened. A key with more than one
 * run is an effect that happened twice.
 */
import type { Pool, PoolClient } from 'pg';

/** Whether the effect `key` has happened: in the transaction that would do it, the truth. */
export async function hasHappened(books: Pool | PoolClient, key: string): Promise<boolean> {
  const { rowCount } = await books.query('select from headrace.effects where key = $1', [key]);
  return rowCount === 1;
}

/** Counts one run of the effect `key`; inside a transaction it counts only what is committed. */
export async function recordEffect(
  books: Pool | PoolClient,
  kind: string,
  key: string,
): Promise<void> {
  await books.query(
    `insert into headrace.effects (key, kind, runs, at) values ($1, $2, 1, now())
     on conflict (key) do update set runs = headrace.effects.runs + 1, at = now()`,
    [key, kind],
  );
}
