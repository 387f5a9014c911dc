/** What should go on now of the held records of one claim. See S4 of `holding-store.ts`. */
import type { Answering } from './answering-pool.js';
import type { Failures, Held, PartitionId } from './held.js';
import { heldColumns, heldOf, type HeldRow, instant } from './held-rows.js';
import { fenceValues, readFence } from './holding-claim.js';
import { blocking } from './holding-schema.js';

/** `due` hands over at most so many bytes of records at once, and one record whatever its size. */
const dueBytes = 16 * 1024 * 1024;

const isOneQueue = `b.consumer_group = h.consumer_group and b.topic = h.topic
    and b.partition = h.partition and b.queue_id = h.queue_id`;

const isBlocked = `
  exists (select from headrace.held b where ${blocking} and ${isOneQueue}
    and b.generation = h.generation and (b.record_offset, b.id) < (h.record_offset, h.id))
  or exists (select from headrace.held b where ${blocking} and ${isOneQueue}
    and b.generation <> h.generation and b.id < h.id)`;

const ofMine = `
    select h.id, h.topic, h.generation, h.partition, h.record_offset, h.record_bytes
    from mine join headrace.held h using (consumer_group, topic, partition)
    where h.ended is null`;

// What waits behind another has not been tried.
const firstFailed = `(
    select (step->>'at')::timestamptz from jsonb_array_elements(history) with ordinality as h (step, n)
    where step->>'what' <> 'behind' order by n limit 1)`;

const dueStatement = `
  with ${readFence}, open as (
    ${ofMine} and h.state = 'redriving' and not (h.blocks and (${isBlocked}))
    union all
    ${ofMine} and h.state = 'waiting' and least(h.next_try, h.deadline) <= $4
    union all
    ${ofMine} and h.state = 'behind' and not (${isBlocked})),
  placed as (
    select id, record_bytes, row_number() over (
      order by topic, partition, born, record_offset, id) as place
    from (
      select *, min(id) over (partition by topic, partition, generation) as born from open) as o
    order by place limit $5),
  fitting as (
    select id, place, record_bytes, sum(record_bytes) over (order by place) as total from placed)
  select fenced, ${heldColumns}, attempts, ${firstFailed} as first_failed,
    history->0->>'what' is distinct from 'behind' as was_tried
  from fence left join (fitting join headrace.held using (id))
    on not fenced and (total <= ${String(dueBytes)} or place = 1)
  order by place`;

/** At most `limit` held records that should go on now, under the claim `token` on `partitions`. */
export async function due(
  pool: Answering,
  token: string,
  partitions: readonly PartitionId[],
  nowMs: number,
  limit: number,
): Promise<readonly Held[] | 'fenced'> {
  const values = [...fenceValues(token, partitions), instant(nowMs), limit];
  const { rows } = await pool.query<DueRow | NoRow>(dueStatement, values);
  if (rows[0]?.fenced !== false) return 'fenced';
  return rows.flatMap((row) =>
    row.topic === null ? [] : [{ ...heldOf(row), failed: failuresOf(row) }],
  );
}

interface DueRow extends HeldRow {
  readonly fenced: false;
  /** How often it stayed held after it had been set aside. */
  readonly attempts: number;
  readonly was_tried: boolean;
  readonly first_failed: Date | null;
}

/** Nothing is due, or the claim is not the newest. */
interface NoRow {
  readonly fenced: boolean;
  readonly topic: null;
}

function failuresOf({ attempts, was_tried: wasTried, first_failed: first }: DueRow): Failures {
  const times = attempts + (wasTried ? 1 : 0);
  return { times, ...(times === 0 || first === null ? {} : { firstMs: first.getTime() }) };
}
