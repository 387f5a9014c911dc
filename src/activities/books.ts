/** Headrace's own tables, and transactions over them and the shop's. */
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '../transaction.js';
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

/** As `inTransaction`, for activities: what Postgres says becomes a failure Temporal can judge. */
export async function inBooks<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  try {
    return await inTransaction(pool, work);
  } catch (error) {
    throw booksFailure(error);
  }
}
