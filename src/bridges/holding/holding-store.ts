/**
 * The store of held records in Postgres.
 *
 * S1 Every write checks the claim on its partition and locks it against newer claims, in one
 *    statement or transaction: a claim waits for the writes that came before it, sees them, and
 *    fences all that come after.
 * S2 Claims and locks are taken in the order of topic and partition, so that no two wait for each
 *    other.
 * S3 There is one row per record and route; nothing that comes later brings back what has ended.
 *    A look checks it too, or a bridge without its claim would take it for nothing to do.
 * S4 A held record is returned by `due` in the order of its queue, whatever the limit cuts off.
 * S5 Claims and rows are of one consumer group: others neither see them nor fence them. A token is of
 *    the group that claimed with it.
 *
 * The order of a queue is the offset, within one generation of the topic; between generations, whose
 * offsets cannot be compared, it is the order in which they were held.
 */
import type { Pool } from 'pg';
import { type Answering, type AnsweringPool, answeringPool } from './answering-pool.js';
import type { Held, HeldKey, HoldingStore } from './held.js';
import {
  columnsOf,
  escapeText,
  idOf,
  instant,
  noteColumns,
  noteOf,
  type NoteRow,
  portionsOf,
  storedDetail,
} from './held-rows.js';
import { claim, fence, fenceValues, readFence } from './holding-claim.js';
import { due } from './holding-due.js';
import { remembered } from './holding-schema.js';
import { inTransaction } from '../../transaction.js';

export interface HoldingStoreOptions {
  /** How long the memory of what has ended is kept, and with it the protection by S3. */
  readonly keepEndedDays?: number;
  /**
   * The longest that Postgres is waited for, ms; default 30,000. The pool should give up what it
   * cannot connect (`connectionTimeoutMillis`), or its connections run out meanwhile.
   */
  readonly answerMs?: number;
}

/** The store over `given`. Its tables are made by `ensureHoldingSchema`. */
export function createHoldingStore(
  given: Pool,
  { keepEndedDays = 30, answerMs }: HoldingStoreOptions = {},
): HoldingStore {
  const pool = answeringPool(given, answerMs);
  return {
    claim: (group, partitions) => claim(pool, { group, partitions, keepEndedDays }),
    hold: (token, held) => hold(pool, token, held),
    due: (token, partitions, nowMs, limit) => due(pool, token, partitions, nowMs, limit),
    open: async (token, partitions) => {
      const values = fenceValues(token, partitions);
      const { rows } = await pool.query<OpenRow>(openStatement, values);
      if (rows[0]?.fenced !== false) return 'fenced';
      return rows.flatMap((row) => (row.topic === null ? [] : [noteOf(row)]));
    },
    discarded: async (token, workflowId) => {
      const values = [token, escapeText(workflowId)];
      return (await pool.query<NoteRow>(discardedStatement, values)).rows.map(noteOf);
    },
    told: async (token, keys) => {
      await pool.query(toldStatement, [token, ...keyColumns(keys)]);
    },
    again: async (token, key, to) => {
      const { state, reason, detail, nextTryMs, blocks = null } = to;
      const { rows } = await pool.query<{ fenced: boolean }>(againStatement, [
        ...[token, [key.topic], [key.partition], escapeText(key.generation), key.offset],
        ...[idOf(key.route), state, escapeText(reason), storedDetail(detail)],
        nextTryMs === undefined ? '-infinity' : instant(nextTryMs),
        blocks,
      ]);
      return rows[0]?.fenced === false ? 'held' : 'fenced';
    },
    end: async (token, keys, how) => {
      if (keys.length === 0) return 'held';
      const values = [token, ...keyColumns(keys), how];
      const { rows } = await pool.query<{ fenced: boolean }>(endStatement, values);
      return rows[0]?.fenced === false ? 'held' : 'fenced';
    },
  };
}

const againStatement = `with ${fence}, changed as (
  update headrace.held set
    state = $7, reason = $8, detail = $9, next_try = $10, blocks = coalesce($11, blocks),
    attempts = attempts + 1,
    updated_at = now(),
    history = case when state = $7 then history else ${remembered('$7', '$9')} end
  where not (select fenced from fence) and ended is null
    and consumer_group = (select consumer_group from mine)
    and topic = $2[1] and partition = $3[1] and generation = $4 and record_offset = $5
    and route_id = $6::uuid)
select fenced from fence`;

/** The rows `h` of the keys in $2 to $6. */
const ofKeys = `
  from unnest($2::text[], $3::integer[], $4::text[], $5::bigint[], $6::uuid[])
    as k (topic, partition, generation, record_offset, route_id) join mine using (topic, partition)
  where h.consumer_group = mine.consumer_group and h.topic = k.topic
    and h.partition = k.partition and h.generation = k.generation
    and h.record_offset = k.record_offset and h.route_id = k.route_id`;

// What an operator discarded while it was on its way is told as what it came to be.
const endStatement = `with ${fence}, changed as (
  update headrace.held h set untold = false,
    ended = $7, ended_at = now(), updated_at = now(), history = ${remembered('$7', 'null')}
  ${ofKeys} and not (select fenced from fence) and (h.ended is null or h.ended = 'discarded'))
select fenced from fence`;

const toldStatement = `with ${fence} update headrace.held h set untold = false ${ofKeys}`;

const discardedStatement = `
  select ${noteColumns} from headrace.held h
  join headrace.claims c using (consumer_group, topic, partition)
  where c.token = $1::bigint and untold and workflow_id = $2
    and hashtextextended(workflow_id, 0) = hashtextextended($2, 0)
  order by id limit 500`;

function keyColumns(keys: readonly HeldKey[]): unknown[] {
  return [
    keys.map(({ topic }) => topic),
    keys.map(({ partition }) => partition),
    keys.map(({ generation }) => escapeText(generation)),
    keys.map(({ offset }) => offset),
    keys.map(({ route }) => idOf(route)),
  ];
}

const holdStatement = `with ${fence}, given as (
  select * from unnest($4::text[], $5::text[], $6::integer[], $7::bigint[], $8::text[], $9::uuid[],
    $10::text[], $11::text[], $12::uuid[], $13::boolean[], $14::text[], $15::text[], $16::text[],
    $17::text[], $18::timestamptz[], $19::bytea[], $20::bytea[], $21::text[], $22::text[],
    $23::integer[]) with ordinality
    as r (topic, generation, partition, record_offset, route, route_id, state, queue, queue_id,
      blocks, event, workflow_id, reason, detail, deadline, key, value, headers, timestamp, bytes, n)),
kept as (
  insert into headrace.held (consumer_group, topic, generation, partition, record_offset, route,
    route_id, state, queue, queue_id, blocks, event, workflow_id, reason, detail, deadline,
    record_key, record_value, record_headers, record_timestamp, record_bytes, history)
  select mine.consumer_group, r.topic, r.generation, r.partition, r.record_offset, r.route,
    r.route_id, r.state, r.queue, r.queue_id, r.blocks, r.event, r.workflow_id, r.reason, r.detail,
    r.deadline, r.key, r.value, r.headers, r.timestamp, r.bytes,
    jsonb_build_array(jsonb_build_object('at', now(), 'what', r.state, 'detail', r.detail))
  from given r join mine using (topic, partition)
  where not (select fenced from fence)
  order by r.n
  on conflict do nothing)
select fenced, array(
  select r.n::integer from given r join mine using (topic, partition)
  join headrace.held h using (consumer_group, topic, partition, generation, record_offset, route_id)
  where h.ended is not null order by r.n) as over
from fence`;

async function hold(
  pool: AnsweringPool,
  token: string,
  held: readonly Held[],
): Promise<readonly HeldKey[] | 'fenced'> {
  const portions = portionsOf(held);
  const [only] = portions;
  if (only === undefined) return [];
  const topics = held.map(({ topic }) => topic);
  const partitions = held.map(({ partition }) => partition);
  const keep = async (client: Answering, part: readonly Held[]): Promise<HeldKey[] | 'fenced'> => {
    const values = [token, topics, partitions, ...columnsOf(part)];
    const { rows } = await client.query<{ fenced: boolean; over: number[] }>(holdStatement, values);
    const [answer] = rows;
    if (answer?.fenced !== false) return 'fenced';
    return answer.over.flatMap((n) => part[n - 1] ?? []);
  };
  if (portions.length === 1) return keep(pool, only);
  // The first portion's lock lasts to the end: either all are fenced, or none is.
  return inTransaction(pool, async (client) => {
    await client.query(...pool.limits);
    const over: HeldKey[] = [];
    for (const portion of portions) {
      const kept = await keep(client, portion);
      if (kept === 'fenced') return kept;
      over.push(...kept);
    }
    return over;
  });
}

const openStatement = `with ${readFence}
  select fenced, ${noteColumns}
  from fence left join (mine join headrace.held h using (consumer_group, topic, partition))
    on not fenced and ended is null
  order by id`;

type OpenRow = (NoteRow & { readonly fenced: false }) | { readonly fenced: boolean; topic: null };
