/**
 * Which events an effect was done for, and for how long that is remembered.
 *
 * M1 An event is remembered for longer than it can come again: a worker's retries and a bridge's last
 *    commit bring it within days, a group that begins anew within the retention of its topic (7 days
 *    by default). Only a redrive may come later, and of what was refused nothing is remembered (O3).
 * M2 What is older is forgotten beside the work, a little at a time: nobody waits for it.
 */
import { Context } from '@temporalio/activity';
import type { Pool } from 'pg';
import { schemaLock } from './books.js';

/** More than four times what brokers keep by default; as long as the memory of held records. */
export const defaultKeepDays = 30;

const dayMs = 86_400_000;
/** How often a process looks for what is over. */
const everyMs = 60_000;
/** Rows of one delete: short locks, little to write. */
const portion = 1_000;

// Not by block ranges: where rows go, newer ones take their places, and no range is old any more.
const schema = `
create schema if not exists headrace;
create table if not exists headrace.effects_seen (
  effect text not null,
  event_id text not null,
  at timestamptz not null default now(),
  primary key (effect, event_id)
);
create index if not exists effects_seen_by_age on headrace.effects_seen (effect, at);
drop index if exists headrace.effects_seen_at;`;

/** Creates the table of done effects where it is missing. Any number may call it at once. */
export async function ensureEffectsSchema(pool: Pool): Promise<void> {
  await pool.query(`select pg_advisory_xact_lock(${String(schemaLock)});${schema}`);
}

/** Forgets what was done of `effect` more than `ageMs` ago. Resolves with how much that was. */
export async function forgetEffects(pool: Pool, effect: string, ageMs: number): Promise<number> {
  let forgotten = 0;
  for (;;) {
    // Who else forgets is not waited for. By the database's clock, which also wrote `at`.
    const { rowCount } = await pool.query({
      name: 'headrace-forget-effects',
      text: `delete from headrace.effects_seen where ctid = any (array(
        select ctid from headrace.effects_seen
        where effect = $1 and at < now() - make_interval(secs => $2)
        order by at limit ${String(portion)} for update skip locked))`,
      values: [effect, ageMs / 1_000],
    });
    forgotten += rowCount ?? 0;
    if ((rowCount ?? 0) < portion) return forgotten;
  }
}

/** The memory of one effect, kept short. */
export class EffectMemory {
  readonly #pool: Pool;
  readonly #effect: string;
  readonly #keepMs: number;
  #nextLook = -Infinity;

  /** @throws RangeError when `keepDays` is no number above 0. */
  constructor(pool: Pool, effect: string, keepDays: number) {
    if (!(keepDays > 0)) {
      throw new RangeError(
        `effect ${effect}: keepDays is ${String(keepDays)}: give a number above 0, greater than the` +
          ' days in which an event can come again',
      );
    }
    this.#pool = pool;
    this.#effect = effect;
    this.#keepMs = keepDays * dayMs;
  }

  /** M2: call it as often as you like. */
  tend(): void {
    const now = performance.now();
    if (now < this.#nextLook) return;
    // Not again before it is through.
    this.#nextLook = Infinity;
    void this.#forget().finally(() => {
      this.#nextLook = performance.now() + everyMs;
    });
  }

  async #forget(): Promise<void> {
    try {
      await forgetEffects(this.#pool, this.#effect, this.#keepMs);
    } catch (error) {
      // Nothing is lost: it is tried again. Outside of an activity there is no log.
      const cause = error instanceof Error ? error.message : String(error);
      contextOrNone()?.log.warn('effects done long ago cannot be forgotten now', {
        effect: this.#effect,
        cause,
      });
    }
  }
}

function contextOrNone(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}
