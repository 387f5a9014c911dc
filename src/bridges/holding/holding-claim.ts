/**
 * Claims on partitions: who may write of what is held of them. See S1, S2 and S5 of
 * `holding-store.ts`.
 */
import type { AnsweringPool } from './answering-pool.js';
import type { Claim, PartitionId } from './held.js';
import { escapeText, noteColumns, noteOf, type NoteRow } from './held-rows.js';
import { inTransaction } from '../../transaction.js';

/** A claim removes at most so many of the rows whose time is over. */
const prunedAtOnce = 5_000;

function fenceWith(lock: '' | 'for share of c'): string {
  return `
  asked as (select distinct * from unnest($2::text[], $3::integer[]) as t (topic, partition)),
  mine as materialized (
    select c.consumer_group, c.topic, c.partition
    from headrace.claims c join asked using (topic, partition)
    where c.token = $1::bigint order by c.topic, c.partition ${lock}),
  fence as (select (select count(*) from mine) < (select count(*) from asked) as fenced)`;
}

/**
 * S1, S2: `mine` are the claimed ones of the partitions in $2 and $3, with the group that the token
 * in $1 is of; `fence` says if all are.
 */
export const fence = fenceWith('for share of c');

/** As `fence`, for what only reads: a claim need not wait for it. */
export const readFence = fenceWith('');

/** What `fence` and `readFence` are given first: $1 to $3. */
export function fenceValues(token: string, partitions: readonly PartitionPlace[]): unknown[] {
  return [
    token,
    partitions.map(({ topic }) => topic),
    partitions.map(({ partition }) => partition),
  ];
}

type PartitionPlace = Omit<PartitionId, 'generation'>;

const asked = `
  select distinct * from unnest($1::text[], $2::integer[]) as t (topic, partition)`;

const claimStatement = `
  insert into headrace.claims as c (consumer_group, topic, partition, token)
  select $4, topic, partition, $3 from (${asked}) as asked
  order by topic, partition
  on conflict (consumer_group, topic, partition)
    do update set token = excluded.token, claimed_at = now()
  where c.token < excluded.token`;

// What was held before rows named their group goes to the first that claims its partition; whoever
// claimed it then knows of no groups, and is fenced.
const unclaimStatement = `
  delete from headrace.claims where consumer_group = '' and (topic, partition) in (
    select c.topic, c.partition from headrace.claims c join (${asked}) as asked
      using (topic, partition)
    where c.consumer_group = '' order by c.topic, c.partition for update of c)`;

const inheritStatement = `
  update headrace.held h set consumer_group = $3 from (${asked}) as asked
  where h.consumer_group = '' and h.topic = asked.topic and h.partition = asked.partition`;

// A note of an older generation counts too: its queue is that of the same workflow.
const notesStatement = `
  select ${noteColumns} from headrace.held h join (${asked}) as asked using (topic, partition)
  where consumer_group = $3 and ended is null order by id`;

const pruneStatement = `
  delete from headrace.held where id in (
    select id from headrace.held
    where ended is not null and ended_at < now() - make_interval(days => $1)
    order by ended_at limit ${String(prunedAtOnce)} for update skip locked)`;

/** Claims `partitions` for `group`, and answers with what is held of them. */
export async function claim(
  pool: AnsweringPool,
  of: {
    readonly group: string;
    readonly partitions: readonly PartitionId[];
    readonly keepEndedDays: number;
  },
): Promise<Claim> {
  const { partitions, keepEndedDays } = of;
  const group = escapeText(of.group);
  const topics = partitions.map(({ topic }) => topic);
  const numbers = partitions.map(({ partition }) => partition);
  return inTransaction(pool, async (client) => {
    await client.query(...pool.limits);
    await client.query(pruneStatement, [keepEndedDays]);
    const next = `select nextval('headrace.claim_tokens')::text as token`;
    const token = (await client.query<{ token: string }>(next)).rows[0]?.token ?? '';
    await client.query(claimStatement, [topics, numbers, token, group]);
    await client.query(unclaimStatement, [topics, numbers]);
    await client.query(inheritStatement, [topics, numbers, group]);
    // S1: only now, because each statement sees what was committed before it began.
    const { rows } = await client.query<NoteRow>(notesStatement, [topics, numbers, group]);
    return { token, notes: rows.map(noteOf) };
  });
}
