/** What is held, in numbers: for gauges and alarms. */
import type { Pool } from 'pg';
import { answeringPool } from './answering-pool.js';
import type { HeldState } from './held.js';
import { unescapeText } from './held-rows.js';
import { conditionOf } from './held-selection.js';

/** Times in milliseconds since the epoch. */
export interface HeldSummary {
  readonly counts: readonly {
    readonly state: HeldState;
    readonly reason: string;
    readonly route: string;
    readonly count: number;
    readonly oldestMs: number;
  }[];
  /** Of all; absent when nothing is held. */
  readonly oldestMs?: number;
  /** When the next that waits for its workflow becomes a dead letter. */
  readonly nextDeadlineMs?: number;
}

/**
 * Counts what is held and has not ended, of all partitions; of the consumer group `group`, or of every
 * one. Reads every open row's head. `answerMs`: the longest that Postgres is waited for.
 */
export async function heldSummary(
  pool: Pool,
  group?: string,
  answerMs?: number,
): Promise<HeldSummary> {
  const { sql, values } = conditionOf(group === undefined ? {} : { group }, 1);
  // A scrape that hangs must not take a connection of the pool for ever.
  const { rows } = await answeringPool(pool, answerMs).query<{
    state: HeldState;
    reason: string;
    route: string;
    count: number;
    oldest: Date;
    deadline: Date | null;
  }>(
    `select state, reason, route, count(*)::integer as count, min(created_at) as oldest,
       min(deadline) filter (where state = 'waiting') as deadline
     from headrace.held where ended is null and ${sql} group by state, reason, route
     order by state, reason, route`,
    [...values],
  );
  const deadlines = rows.flatMap(({ deadline }) => (deadline === null ? [] : deadline.getTime()));
  const counts = rows.map(({ state, reason, route, count, oldest }) => ({
    ...{ state, count, reason: unescapeText(reason), route: unescapeText(route) },
    oldestMs: oldest.getTime(),
  }));
  return {
    counts,
    ...(counts.length === 0
      ? {}
      : { oldestMs: Math.min(...counts.map(({ oldestMs }) => oldestMs)) }),
    ...(deadlines.length === 0 ? {} : { nextDeadlineMs: Math.min(...deadlines) }),
  };
}

/** The consumer groups that hold something which has not ended, the most first. */
export async function holdingGroups(
  pool: Pool,
): Promise<{ readonly group: string; readonly count: number }[]> {
  const { rows } = await pool.query<{ group: string; count: number }>(
    `select consumer_group as group, count(*)::integer as count from headrace.held
     where ended is null and consumer_group <> '' group by 1 order by 2 desc, 1`,
  );
  return rows.map(({ group, count }) => ({ group: unescapeText(group), count }));
}
