/** Reads what a round left behind: Kafka's log, the books, the witness and what is held. */
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';
import { readEventLog } from '../../src/activities/event-log.js';
import type { Round } from './routes.js';
import type { Applied, Attempt, Expected } from './verdict.js';
import type { MatrixEvent } from './workflows/index.js';

export type Expectation = ReadonlyMap<string, readonly Expected[]>;

/** What must be recorded: read once the load is over, since it is what is there that counts. */
export async function expectationOf(
  kafka: Kafka,
  pool: Pool,
  { name, topic, firstOrder, orders }: Round,
): Promise<Expectation> {
  const streams = new Map<string, Expected[]>();
  await readEventLog(kafka, {
    ...{ topics: [topic], fromMs: 0, toMs: Infinity, slackMs: 0, groupPrefix: 'matrix-evidence' },
    take: (records) => {
      for (const { value } of records) {
        const { id, data } = JSON.parse(value?.toString() ?? '') as MatrixEvent;
        streams.set(data.stream, [...(streams.get(data.stream) ?? []), { n: data.n, id }]);
      }
    },
    heartbeat: () => undefined,
    signal: AbortSignal.timeout(120_000),
  });
  const { rows } = await pool.query<{ order: string; quantity: number }>(
    `select order_id as order, quantity from orders where order_id >= $1 and order_id < $2`,
    [firstOrder, firstOrder + orders],
  );
  for (const { order, quantity } of rows) {
    const changes = Array.from({ length: quantity - 1 }, (_, index) => ({ n: index + 2 }));
    streams.set(`${name}/${order}/counted`, changes);
  }
  return streams;
}

export async function appliedIn(pool: Pool, { name }: Round): Promise<readonly Applied[]> {
  const { rows } = await pool.query<Applied>(
    `select event_id as id, stream, n from matrix.applied where stream like $1 order by place`,
    [`${name}/%`],
  );
  return rows;
}

export async function countApplied(pool: Pool, { name }: Round): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from matrix.applied where stream like $1`,
    [`${name}/%`],
  );
  return rows[0]?.count ?? 0;
}

export async function attemptsIn(pool: Pool, { name }: Round): Promise<readonly Attempt[]> {
  const { rows } = await pool.query<Attempt>(
    `select event_id as id, step, extract(epoch from at)::float8 * 1000 as "atMs"
     from matrix.attempts join matrix.applied using (event_id) where stream like $1`,
    [`${name}/%`],
  );
  return rows;
}

/** The payments that failed: how many, which are not recovered yet, and how often each was. */
export async function paymentsIn(pool: Pool, { name }: Round) {
  const { rows } = await pool.query<{ id: string; status: string; runs: number }>(
    `select payment_id as id, status, coalesce(runs, 0) as runs from payments
     left join headrace.effects on key = 'payment/' || payment_id || '/succeeded'
     where payment_id like $1 and status <> 'pending'`,
    [`${name}-%`],
  );
  return {
    ids: rows.map(({ id }) => id),
    open: rows.filter(({ status }) => status !== 'succeeded').map(({ id }) => id),
    notOnce: rows.filter(({ runs }) => runs !== 1).map(({ id, runs }) => `${id}: ${String(runs)}`),
  };
}

/** Effects of the round that were committed more than once, of whatever kind. */
export async function effectsTwice(pool: Pool, { name }: Round): Promise<readonly string[]> {
  const { rows } = await pool.query<{ key: string }>(
    `select key from headrace.effects
     left join matrix.applied on key = 'matrix/' || event_id
     where runs > 1 and kind <> 'charge' and (key like $1 or stream like $2)`,
    [`%${name}-%`, `${name}/%`],
  );
  return rows.map(({ key }) => key);
}

/** Records of the round that were set aside and are so still: none of them is bad. */
export async function setAside(pool: Pool, { topic, name }: Round): Promise<readonly string[]> {
  const { rows } = await pool.query<{ what: string }>(
    `select concat_ws(' ', topic, partition, record_offset, route, state, reason, detail) as what
     from headrace.held where ended is null and (topic = $1 or workflow_id like $2)`,
    [topic, `%${name}%`],
  );
  return rows.map(({ what }) => what);
}
