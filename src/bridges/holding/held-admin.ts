/**
 * What operators do to held records: look, redrive, discard.
 *
 * D1 Nothing here goes to Temporal or Kafka: redriving marks rows, and the bridge that holds the
 *    partition takes them through the same order and dedupe as everything else.
 * D2 Marking goes in portions and may be broken off: what is marked is marked, and doing it again
 *    goes on with the rest. What went dead again after it began is not taken twice.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Held, HeldEnd, HeldState } from './held.js';
import { escapeText, heldColumns, heldOf, type HeldRow, unescapeText } from './held-rows.js';
import { remembered } from './holding-schema.js';
import { conditionOf, type RecordPlace, type Selection } from './held-selection.js';

/** Rows marked by one statement: short locks, and progress that can be shown. */
const portion = 500;

/** Held records of one state, reason and route. */
export interface HeldGroup {
  readonly state: HeldState;
  readonly reason: string;
  readonly route: string;
  readonly count: number;
  /** Workflows, or keys where no workflow is known. */
  readonly queues: number;
  /** Milliseconds since the epoch at which the oldest was set aside. */
  readonly oldestMs: number;
  readonly oldest: string;
}

/** Open held records by state, reason and route, the most first. */
export async function groupsOf(
  pool: Pool,
  selection: Selection,
  states: readonly HeldState[],
): Promise<HeldGroup[]> {
  const { sql, values } = conditionOf(selection, 2);
  const { rows } = await pool.query<Omit<HeldGroup, 'oldestMs'> & { since: Date }>(
    `select state, reason, route, count(*)::integer as count,
       count(distinct (consumer_group, topic, partition, queue_id))::integer as queues, min(created_at) as since,
       (array_agg(topic || '/' || partition || '/' || record_offset order by created_at, id))[1]
         as oldest
     from headrace.held where ended is null and state = any ($1::text[]) and ${sql}
     group by state, reason, route order by count(*) desc, state, reason, route`,
    [states, ...values],
  );
  return rows.map(({ since, reason, route, ...group }) => ({
    ...group,
    reason: unescapeText(reason),
    route: unescapeText(route),
    oldestMs: since.getTime(),
  }));
}

/** How many wait behind those of `selection` that block their queue. */
export async function behindThem(
  pool: Pool,
  selection: Selection,
  states: readonly HeldState[],
): Promise<number> {
  const { sql, values } = conditionOf(selection, 2);
  const { rows } = await pool.query<{ count: number }>(
    `with queues as (
       select distinct consumer_group, topic, partition, queue_id from headrace.held
       where ended is null and state = any ($1::text[]) and (blocks or state = 'waiting')
         and ${sql})
     select count(*)::integer as count from headrace.held join queues
       using (consumer_group, topic, partition, queue_id) where ended is null and state = 'behind'`,
    [states, ...values],
  );
  return rows[0]?.count ?? 0;
}

/** A held record with its story. */
export interface HeldStory extends Held {
  /** The consumer group; empty: it was held before that was noted, and no group has claimed it. */
  readonly group: string;
  readonly attempts: number;
  readonly ended?: HeldEnd;
  readonly history: readonly {
    readonly at: string;
    readonly what: string;
    readonly detail?: string;
  }[];
  /** How many wait behind it. */
  readonly behind: number;
  /** Milliseconds since the epoch; absent when it is tried as soon as a bridge looks. */
  readonly nextTryMs?: number;
}

interface StoryRow extends HeldRow {
  readonly consumer_group: string;
  readonly attempts: number;
  readonly ended: HeldEnd | null;
  readonly history: readonly { at: string; what: string; detail?: string | null }[];
  readonly behind: number;
  readonly next_try: Date | number;
}

const storyColumns = `${heldColumns}, consumer_group, attempts, ended, history, next_try, (
  select count(*)::integer from headrace.held b
  where b.ended is null and b.state = 'behind' and h.ended is null and h.state <> 'behind'
    and b.consumer_group = h.consumer_group and b.topic = h.topic and b.partition = h.partition
    and b.queue_id = h.queue_id) as behind`;

function storyOf(row: StoryRow): HeldStory {
  const { attempts, ended, behind, next_try: next } = row;
  return {
    ...heldOf(row),
    ...{ group: unescapeText(row.consumer_group), attempts, behind },
    ...(ended === null ? {} : { ended }),
    ...(next instanceof Date ? { nextTryMs: next.getTime() } : {}),
    history: row.history.map(({ at, what, detail }) => ({
      ...{ at: new Date(at).toISOString(), what },
      ...(detail == null ? {} : { detail: unescapeText(detail) }),
    })),
  };
}

/** Everything that is, or was, held of one record in a group: a row per route and generation. */
export async function storiesAt(
  pool: Pool,
  place: RecordPlace,
  group: string,
): Promise<HeldStory[]> {
  const { sql, values } = conditionOf({ group }, 4);
  const { rows } = await pool.query<StoryRow>(
    `select ${storyColumns} from headrace.held h
     where topic = $1 and partition = $2 and record_offset = $3 and ${sql} order by id`,
    [escapeText(place.topic), place.partition, place.offset, ...values],
  );
  return rows.map(storyOf);
}

/** Open held records one by one: the soonest deadline first, then the oldest. */
export async function storiesOf(
  pool: Pool,
  selection: Selection,
  states: readonly HeldState[],
  limit: number,
): Promise<HeldStory[]> {
  const { sql, values } = conditionOf(selection, 3);
  const { rows } = await pool.query<StoryRow>(
    `select ${storyColumns} from headrace.held h
     where ended is null and state = any ($1::text[]) and ${sql}
     order by deadline nulls last, created_at, id limit $2`,
    [states, limit, ...values],
  );
  return rows.map(storyOf);
}

export interface Marking {
  /** At most so many. */
  readonly limit?: number;
  /** Told of each portion: how many so far. */
  readonly progress?: (marked: number) => void;
}

/** Marks dead letters to be tried again. Answers with the name of this redrive and their number. */
export async function redrive(
  pool: Pool,
  selection: Selection,
  marking: Marking = {},
): Promise<{ readonly id: string; readonly marked: number }> {
  const id = randomUUID();
  const change = `state = 'redriving', redrive = $3::uuid, updated_at = now(),
    history = ${remembered("'redriving'", 'null')}`;
  return { id, marked: await mark(pool, selection, ['dead'], change, id, marking) };
}

/** Ends dead letters (or what else is open) for good; `why` is kept with them. */
export async function discard(
  pool: Pool,
  selection: Selection,
  states: readonly HeldState[],
  why: string,
  marking: Marking = {},
): Promise<number> {
  const change = `ended = 'discarded', ended_at = now(), updated_at = now(),
    untold = (event is not null),
    history = ${remembered("'discarded'", '$3')}`;
  return mark(pool, selection, states, change, escapeText(why), marking);
}

async function mark(
  pool: Pool,
  selection: Selection,
  states: readonly HeldState[],
  change: string,
  value: string,
  { limit = Infinity, progress }: Marking,
): Promise<number> {
  const { sql, values } = conditionOf(selection, 5);
  // D2: by the database's clock, which also writes `updated_at`.
  const clock = await pool.query<{ now: string }>('select clock_timestamp()::text as now');
  const began = clock.rows[0]?.now;
  let marked = 0;
  while (marked < limit) {
    const size = Math.min(portion, limit - marked);
    const { rowCount } = await pool.query(
      `update headrace.held set ${change} where ended is null and state = any ($1::text[])
       and id in (select id from headrace.held
         where ended is null and state = any ($1::text[]) and updated_at <= $2::timestamptz
           and ${sql} order by topic, partition, record_offset, id limit $4)`,
      [states, began, value, size, ...values],
    );
    if (rowCount === null || rowCount === 0) break;
    marked += rowCount;
    progress?.(marked);
  }
  return marked;
}

/** What has become of a redrive. */
export interface RedriveProgress {
  /** Marked, and not yet worked off by a bridge. */
  readonly open: number;
  readonly redriven: number;
  readonly deadAgain: number;
  /** Their workflow does not run: they wait for it. */
  readonly waiting: number;
  /** Discarded, or ended in another way. */
  readonly ended: number;
}

/** How far the redrive of that name is. */
export async function progressOf(pool: Pool, id: string): Promise<RedriveProgress> {
  const { rows } = await pool.query<Record<keyof RedriveProgress, number>>(
    `select
       count(*) filter (where ended is null and state = 'redriving')::integer as open,
       count(*) filter (where ended = 'redriven')::integer as redriven,
       count(*) filter (where ended is null and state = 'dead')::integer as "deadAgain",
       count(*) filter (where ended is null and state = 'waiting')::integer as waiting,
       count(*) filter (where ended is not null and ended <> 'redriven')::integer as ended
     from headrace.held where redrive = $1::uuid`,
    [id],
  );
  return rows[0] ?? { open: 0, redriven: 0, deadAgain: 0, waiting: 0, ended: 0 };
}
