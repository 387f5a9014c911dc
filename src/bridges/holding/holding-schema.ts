/**
 * The tables of held records in schema `headrace`: `held`, one row per record and route, and
 * `claims`, who may write of which partition; both for each consumer group by itself. Indexes are
 * partial, because what has ended stays for a while and is many times what is open.
 *
 * Tables that were made before they named the group are changed in place. Their rows have the group
 * `''`, which no group is called, until one claims their partition.
 */
import type { Pool } from 'pg';

/**
 * The same number in every process and for all of Headrace's tables, so that concurrent starts take
 * turns: `if not exists` alone fails when two sessions create the same schema at once.
 */
const schemaLock = 4_867_213;

/** Open rows that the later ones of their queue wait for; `due` and the index must say the same. */
export const blocking = `ended is null and
  (state = 'waiting' or (blocks and state in ('dead', 'redriving')))`;

/**
 * A row's story, with what happens to it now: SQL expressions. A row that is redriven for ever does
 * not grow for ever, and keeps how it began.
 */
export function remembered(what: string, detail: string): string {
  return `(case when jsonb_array_length(history) < 50 then history else history - 1 end)
    || jsonb_build_object('at', now(), 'what', ${what}::text, 'detail', ${detail}::text)`;
}

function isMissing(column: string): string {
  return `not exists (select from pg_attribute where attrelid = 'headrace.held'::regclass
      and attname = '${column}' and not attisdropped)`;
}

/** Looks first: what changes a table waits for everybody who uses it. */
const changes = `
do $$ begin
  if ${isMissing('consumer_group')} then
    alter table headrace.claims add column consumer_group text not null default '',
      drop constraint claims_pkey, add primary key (consumer_group, topic, partition);
    alter table headrace.held add column consumer_group text not null default '',
      drop constraint held_topic_generation_partition_record_offset_route_id_key;
  end if;
  if ${isMissing('untold')} then
    alter table headrace.held add column untold boolean not null default false;
  end if;
end $$;`;

const tables = `
create schema if not exists headrace;
create sequence if not exists headrace.claim_tokens;
create table if not exists headrace.claims (
  consumer_group text not null default '',
  topic text not null,
  partition integer not null,
  token bigint not null,
  claimed_at timestamptz not null default now(),
  primary key (consumer_group, topic, partition)
);
create index if not exists claims_by_token on headrace.claims (token);
create table if not exists headrace.held (
  id bigint generated always as identity primary key,
  consumer_group text not null default '',
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
  untold boolean not null default false,
  history jsonb not null default '[]',
  record_key bytea,
  record_value bytea,
  record_headers text not null,
  record_timestamp text not null,
  record_bytes integer not null,
  check ((ended is null) = (ended_at is null))
);
${changes}
create unique index if not exists held_once on headrace.held
  (consumer_group, topic, generation, partition, record_offset, route_id);
create index if not exists held_open on headrace.held (topic, partition) where ended is null;
create index if not exists held_redriving on headrace.held (topic, partition, record_offset)
  where ended is null and state = 'redriving';
create index if not exists held_waiting on headrace.held (topic, partition, (least(next_try, deadline)))
  where ended is null and state = 'waiting';
create index if not exists held_behind on headrace.held
  (topic, partition, queue_id, generation, record_offset, id)
  where ended is null and state = 'behind';
create index if not exists held_blocking on headrace.held
  (topic, partition, queue_id, generation, record_offset, id) where ${blocking};
create index if not exists held_ended on headrace.held (ended_at) where ended is not null;
create index if not exists held_untold on headrace.held (hashtextextended(workflow_id, 0))
  where untold;
create index if not exists held_redrive on headrace.held (redrive) where redrive is not null;
`;

/** Creates the tables where they are missing. Any number of processes may call it at once. */
export async function ensureHoldingSchema(pool: Pool): Promise<void> {
  // Statements of one simple query are one transaction, which the lock lasts as long as.
  await pool.query(`select pg_advisory_xact_lock(${String(schemaLock)});${tables}`);
}
