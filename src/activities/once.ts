/**
 * List effects on Postgres that happen once an event: what was done is written down in the same
 * transaction in which it is done. A list has no identity that outlasts a crash of the bridge,
 * because the same events come again cut differently; each event has.
 *
 * O1 An event's effect and the word that it was done are committed together, or neither is.
 * O2 Lists that overlap and run at the same time take turns over the events they share.
 * O3 What was not done leaves no word: a retried or redriven event finds its way free.
 *
 * How long the word is kept: M1, M2 in `effect-memory.ts`.
 */
import pg, { type Pool, type PoolClient } from 'pg';
import type { EffectOutcome, ListEffect } from '../bridges/matching/command.js';
import { type Event, identityOf } from '../workflows/index.js';
import { inTransaction } from '../transaction.js';
import { defaultKeepDays, EffectMemory } from './effect-memory.js';
import { booksFailure } from './failures.js';

/**
 * Applies the events that are new to `effect`, in their order, and answers for each of them, in
 * that order. Writes through `tx`, and nothing for an event that it does not answer with `done`. What
 * it throws undoes all of it.
 */
export type Apply<E extends Event> = (
  events: readonly E[],
  tx: PoolClient,
) => Promise<readonly EffectOutcome[]>;

export interface OnceOptions {
  /**
   * For so many days it is remembered that an event was done; default 30. It must be longer than the
   * retention of the topics, in which a group that begins anew reads everything again.
   */
  readonly keepDays?: number;
}

/**
 * Makes `apply` a list effect that does each event once, by its id (and type, where the id is its
 * producer's), for as long as it is remembered. `effect` names it, and must not change. An `apply`
 * that does not answer for each event has broken its contract: nothing is done, and the bridge halts.
 * @throws RangeError when `keepDays` is no number above 0.
 */
export function onceEach<E extends Event>(
  pool: Pool,
  effect: string,
  apply: Apply<E>,
  { keepDays = defaultKeepDays }: OnceOptions = {},
): ListEffect<E> {
  const memory = new EffectMemory(pool, effect, keepDays);
  return async (events) => {
    try {
      const outcomes = await inTransaction(pool, (tx) => applyFresh(tx, { effect, events, apply }));
      memory.tend();
      return outcomes;
    } catch (error) {
      if (error instanceof BrokenContract) return [];
      throw error instanceof pg.DatabaseError ? booksFailure(error) : error;
    }
  };
}

class BrokenContract extends Error {}

async function applyFresh<E extends Event>(
  tx: PoolClient,
  of: { readonly effect: string; readonly events: readonly E[]; readonly apply: Apply<E> },
): Promise<EffectOutcome[]> {
  const { effect, events, apply } = of;
  const byId = new Map<string, E>();
  for (const event of events) {
    const id = identityOf(event);
    if (!byId.has(id)) byId.set(id, event);
  }
  // O2: one order for all lists, or two would wait for each other.
  const { rows } = await tx.query<{ event_id: string }>({
    name: 'headrace-effects-seen',
    text: `insert into headrace.effects_seen (effect, event_id)
      select $1, id from unnest($2::text[]) id order by id
      on conflict do nothing returning event_id`,
    values: [effect, [...byId.keys()]],
  });
  const isFresh = new Set(rows.map(({ event_id }) => event_id));
  const fresh = [...byId].flatMap(([id, event]) => (isFresh.has(id) ? [event] : []));
  const outcomes = fresh.length === 0 ? [] : await apply(fresh, tx);
  if (outcomes.length !== fresh.length) throw new BrokenContract();
  const answers = new Map(fresh.map((event, index) => [identityOf(event), outcomes[index]]));
  const undone = fresh.filter((_, index) => outcomes[index]?.status !== 'done');
  if (undone.length > 0) {
    // O3
    await tx.query('delete from headrace.effects_seen where effect = $1 and event_id = any($2)', [
      effect,
      undone.map(identityOf),
    ]);
  }
  return events.map((event) => answers.get(identityOf(event)) ?? { status: 'done' });
}
