/** Headrace's own tables, and transactions over them and the shop's. */
import type { Pool, PoolClient } from 'pg';
import { booksFailure } from './failures.js';

/** Any number; the same in every process, so that concurrent starts take turns. */
export const schemaLock = 4_867_213;

const schema = `
create schema if not exists headrace;
create table if not exists headrace.effects (
  key text primary key,
  kind text not null,
  runs integer not null,
  at timestamptz not null default now()
);
create table if not exists headrace.notices (
  key text primary key,
  sent_at timestamptz not null default now()
);
create table if not exists headrace.reconciliation_reports (
  id text primary key,
  range_from timestamptz not null,
  range_to timestamptz not null,
  created_at timestamptz not null default now(),
  totals jsonb not null,
  findings jsonb not null
);`;

/** Creates schema `headrace` where it is missing. Any number of processes may call it at once. */
export async function ensureSchema(pool: Pool): Promise<void> {
  await inTransaction(pool, async (client) => {
    // `if not exists` alone fails when two sessions create the same thing at once.
    await client.query('select pg_advisory_xact_lock($1)', [schemaLock]);
    await client.query(schema);
  });
}

/** Runs `work` in a transaction; rolls back when it throws. */
export async function inTransaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A loss between two queries is told by an event, which without a listener ends the process.
  const lose = (error: Error): void => {
    broken = error;
  };
  client.on('error', lose);
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollback: unknown) => {
      // A connection that cannot roll back must not serve anybody else.
      broken = rollback instanceof Error ? rollback : new Error(String(rollback));
    });
    throw error;
  } finally {
    client.release(broken);
    client.off('error', lose);
  }
}

/** As `inTransaction`, for activities: what Postgres says becomes a failure Temporal can judge. */
export async function inBooks<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  try {
    return await inTransaction(pool, work);
  } catch (error) {
    throw booksFailure(error);
  }
}
