/** Tables that were made before claims and rows named their consumer group are changed in place. */
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Held } from '../../src/bridges/holding/held.js';
import { storiesAt } from '../../src/bridges/holding/held-admin.js';
import { ensureHoldingSchema } from '../../src/bridges/holding/holding-schema.js';
import { postgresRefusal } from '../../src/bridges/holding/postgres-refusal.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { aRecord } from '../support/records.js';

const database = `older_${randomUUID().replaceAll('-', '')}`;
const topic = 'shop.events';
const at = (partition: number) => ({ topic, generation: 'g', partition });

let outer: Pool;
let pool: Pool;

beforeAll(async () => {
  const { databaseUrl } = inject('addresses');
  outer = new Pool({ connectionString: databaseUrl, max: 1 });
  await outer.query(`create database ${database}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${database}`;
  pool = new Pool({ connectionString: url.href, max: 5 });
});
afterAll(async () => {
  await pool.end();
  await outer.query(`drop database ${database}`);
  await outer.end();
});

/** As they were made at first. */
const older = `
create schema headrace;
create sequence headrace.claim_tokens;
create table headrace.claims (
  topic text not null,
  partition integer not null,
  token bigint not null,
  claimed_at timestamptz not null default now(),
  primary key (topic, partition)
);
create index claims_by_token on headrace.claims (token);
create table headrace.held (
  id bigint generated always as identity primary key,
  topic text not null,
  generation text not null,
  partition integer not null,
  record_offset bigint not null,
  route text not null,
  route_id uuid not null,
  state text not null check (state in ('dead', 'waiting', 'behind', 'redriving')),
  queue text not null,
  queue_id uuid not null,
  blocks boolean not null,
  event text,
  workflow_id text,
  reason text not null,
  detail text not null,
  deadline timestamptz,
  next_try timestamptz not null default '-infinity',
  attempts integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  redrive uuid,
  ended text check (ended in ('redriven', 'delivered', 'discarded')),
  ended_at timestamptz,
  history jsonb not null default '[]',
  record_key bytea,
  record_value bytea,
  record_headers text not null,
  record_timestamp text not null,
  record_bytes integer not null,
  unique (topic, generation, partition, record_offset, route_id),
  check ((ended is null) = (ended_at is null))
);
insert into headrace.claims values ('${topic}', 0, nextval('headrace.claim_tokens')),
  ('${topic}', 1, currval('headrace.claim_tokens'));
insert into headrace.held (topic, generation, partition, record_offset, route, route_id, state,
  queue, queue_id, blocks, reason, detail, record_headers, record_timestamp, record_bytes)
select '${topic}', 'g', p, n, 'r', '96229c0a-1dcb-79d7-d509-13f882e31449', 'dead', 'q',
  md5('q')::uuid, false, 'schema-mismatch', '', '[]', '0', 0
from generate_series(0, 1) as p, generate_series(1, 3) as n;`;

it('a store without its tables refuses, and says so; so does one with older ones', async () => {
  const store = createHoldingStore(pool);
  const refused = async (): Promise<string | undefined> =>
    store.claim('g', [at(0)]).then(() => 'claimed', postgresRefusal);
  expect(await refused()).toMatch(/42P01.*`headrace prepare`/);
  await pool.query(older);
  expect(await refused()).toMatch(/42703.*`headrace prepare`/);
  await pool.query('drop schema headrace cascade');
});

it('rows and claims of no group: theirs who claims first, and the older bridge is fenced', async () => {
  await pool.query(older);
  await Promise.all([1, 2, 3].map(() => ensureHoldingSchema(pool)));
  const store = createHoldingStore(pool);
  const held: Held = {
    ...{ ...at(1), offset: '9', route: 'r', state: 'dead', queue: 'q', blocks: false },
    ...{ reason: 'schema-mismatch', detail: '', record: aRecord({ ...at(1), offset: '9' }) },
  };
  // A bridge that claimed before goes on until it is relieved.
  expect(await store.hold('1', [held])).toEqual([]);
  const place = { topic, partition: 0, offset: '1' };
  expect(await storiesAt(pool, place, 'anybody')).toMatchObject([{ group: '', offset: '1' }]);

  const first = await store.claim('first', [at(1)]);
  expect(first.notes.map(({ offset }) => offset)).toEqual(['1', '2', '3', '9']);
  expect(await store.hold('1', [{ ...held, offset: '10' }])).toBe('fenced');
  expect(await store.hold(first.token, [held])).toEqual([]);
  const second = await store.claim('second', [at(0), at(1)]);
  expect(second.notes.map(({ partition, offset }) => `${partition}/${offset}`)).toEqual([
    '0/1',
    '0/2',
    '0/3',
  ]);
  // The record that the first group holds is new to the second.
  expect(await store.hold(second.token, [held])).toEqual([]);
  const found = await pool.query<{ consumer_group: string; count: number }>(
    `select consumer_group, count(*)::integer as count from headrace.held group by 1 order by 1`,
  );
  expect(found.rows).toEqual([
    { consumer_group: 'first', count: 4 },
    { consumer_group: 'second', count: 4 },
  ]);
  await ensureHoldingSchema(pool);
  expect((await store.claim('first', [at(1)])).notes).toHaveLength(4);
});
