/**
 * The witness: what was really done, counted in the database, in the transaction that did it.
 *
 * An event is recorded once (its id is the key), as real effects are. What would have done it again
 * is seen all the same, because each attempt is written down with the step that made it: two steps
 * for one event are a double application, two attempts of one step are its repetition.
 */
import { Context } from '@temporalio/activity';
import type { Pool } from 'pg';
import { inTransaction } from '../../src/transaction.js';
import type { EffectOutcome } from '../../src/bridges/matching/command.js';
import type { MatrixEvent } from './workflows/index.js';

const schema = `
create schema if not exists matrix;
create table if not exists matrix.applied (
  event_id text primary key,
  stream text not null,
  n integer not null,
  place bigint generated always as identity
);
create index if not exists applied_by_stream on matrix.applied (stream, place);
create table if not exists matrix.attempts (
  event_id text not null,
  step text not null,
  at timestamptz not null default clock_timestamp()
);
create index if not exists attempts_by_event on matrix.attempts (event_id);`;

/** One statement: all of it is there, or none. */
const record = `
with given as (
  select * from unnest($1::text[], $2::text[], $3::int[]) with ordinality as g (event_id, stream, n, nth)
), attempted as (
  insert into matrix.attempts (event_id, step) select event_id, $4 from given
), fresh as (
  insert into matrix.applied (event_id, stream, n) select event_id, stream, n from given order by nth
  on conflict (event_id) do nothing returning event_id
)
insert into headrace.effects (key, kind, runs, at)
select 'matrix/' || event_id, 'matrix', 1, now() from fresh
on conflict (key) do update set runs = headrace.effects.runs + 1, at = now()`;

/** Creates the witness's tables where they are missing. */
export async function ensureWitness(pool: Pool): Promise<void> {
  await pool.query(schema);
}

export interface WitnessActivities {
  record(events: readonly MatrixEvent[]): Promise<void>;
  tally(events: readonly MatrixEvent[]): Promise<readonly EffectOutcome[]>;
}

export function createWitness(pool: Pool): WitnessActivities {
  const write = (events: readonly MatrixEvent[]): Promise<void> =>
    inTransaction(pool, async (client) => {
      const ids = events.map(({ id }) => id);
      const streams = events.map(({ data }) => data.stream);
      const numbers = events.map(({ data }) => data.n);
      await client.query(record, [ids, streams, numbers, stepOf(Context.current().info)]);
    });
  return {
    record: write,
    tally: async (events) => {
      await write(events);
      return events.map(() => ({ status: 'done' }) as const);
    },
  };
}

/** The same for every attempt of one step, and for no other step. */
function stepOf(info: Context['info']): string {
  const { workflowExecution: run, activityId } = info;
  return run === undefined ? `run ${activityId}` : `${run.workflowId} ${run.runId} ${activityId}`;
}
