/** It is remembered for a while which events an effect was done for, and then no longer. */
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ensureEffectsSchema, forgetEffects } from '../../src/activities/effect-memory.js';
import { onceEach } from '../../src/activities/once.js';
import { anEvent } from '../support/records.js';
import { eventually } from '../support/site.js';

describe('the memory of done effects', () => {
  let pool: Pool;

  beforeAll(async () => {
    pool = new Pool({ connectionString: inject('addresses').databaseUrl, max: 5 });
    await pool.query(`
      create schema if not exists headrace;
      drop table if exists headrace.effects_seen;
      create table headrace.effects_seen (
        effect text not null,
        event_id text not null,
        at timestamptz not null default now(),
        primary key (effect, event_id)
      );
      create index effects_seen_at on headrace.effects_seen using brin (at);`);
    // As it was made at first: it is changed in place.
    await Promise.all([1, 2, 3].map(() => ensureEffectsSchema(pool)));
  });
  afterAll(() => pool.end());

  /** An effect with `count` events done `days` ago, and what it is asked to do. */
  const scene = async (count: number, days: number, keepDays?: number) => {
    const effect = `e-${randomUUID()}`;
    const applied: string[] = [];
    const options = keepDays === undefined ? {} : { keepDays };
    const run = onceEach(
      pool,
      effect,
      (events) => {
        applied.push(...events.map(({ id }) => id));
        return Promise.resolve(events.map(() => ({ status: 'done' as const })));
      },
      options,
    );
    await pool.query(
      `insert into headrace.effects_seen (effect, event_id, at)
       select $1, 'old-' || n, now() - make_interval(days => $3) from generate_series(1, $2) as n`,
      [effect, count, days],
    );
    const remembered = async (of = effect): Promise<number> => {
      const { rows } = await pool.query<{ count: number }>(
        'select count(*)::integer as count from headrace.effects_seen where effect = $1',
        [of],
      );
      return rows[0]?.count ?? -1;
    };
    return { effect, applied, run, remembered, event: (id: string) => anEvent({ id }) };
  };

  it('what is older than any repetition is forgotten, in portions, by itself', async () => {
    const other = await scene(3, 400);
    const { run, applied, remembered, event } = await scene(2_500, 31);
    await run([event('a')]);
    await eventually('only the new one is remembered', async () => (await remembered()) === 1);
    await run([event('a'), event('old-7')]);
    expect(applied).toEqual(['a', 'old-7']);
    expect(await other.remembered()).toBe(3);
  });

  it('what may come again is remembered, however long an effect says that is', async () => {
    const young = await scene(5, 29);
    const long = await scene(5, 89, 90);
    const short = await scene(5, 3, 2);
    for (const { run, event, applied } of [young, long]) {
      await run([event('old-1'), event('new')]);
      expect(applied).toEqual(['new']);
    }
    await short.run([short.event('new')]);
    await eventually('the short one to forget', async () => (await short.remembered()) === 1);
    expect([await young.remembered(), await long.remembered()]).toEqual([6, 6]);
    expect(await forgetEffects(pool, long.effect, 88 * 86_400_000)).toBe(5);
  });

  it('who else is at it is not waited for', async () => {
    const { effect, run, applied, event, remembered } = await scene(10, 40);
    const holder = await pool.connect();
    try {
      await holder.query('begin');
      await holder.query('select from headrace.effects_seen where effect = $1 for update', [
        effect,
      ]);
      await run([event('a')]);
      expect(await forgetEffects(pool, effect, 86_400_000)).toBe(0);
      await holder.query('rollback');
    } finally {
      holder.release();
    }
    await forgetEffects(pool, effect, 86_400_000);
    expect([applied, await remembered()]).toEqual([['a'], 1]);
  });

  it('a memory of no length is refused', () => {
    for (const keepDays of [0, -1, NaN]) {
      expect(() => onceEach(pool, 'e', () => Promise.resolve([]), { keepDays })).toThrow(
        `effect e: keepDays is ${String(keepDays)}`,
      );
    }
  });
});
