/** An effect on Postgres that is idempotent by the id of its event: one statement for a list. */
import type pg from 'pg';
import type { EffectOutcome } from '../src/bridges/matching/command.js';
import type { BenchEvent } from './workflows/index.js';

export class EffectsTable {
  readonly #pool: pg.Pool;

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  static async empty(pool: pg.Pool): Promise<EffectsTable> {
    await pool.query('create table if not exists bench_effects (id text primary key)');
    await pool.query('truncate bench_effects');
    return new EffectsTable(pool);
  }

  async add(events: readonly BenchEvent[]): Promise<readonly EffectOutcome[]> {
    await this.#pool.query({
      name: 'bench-effects',
      text: 'insert into bench_effects select unnest($1::text[]) on conflict (id) do nothing',
      values: [events.map(({ id }) => id)],
    });
    return events.map(() => ({ status: 'done' }));
  }

  /** Counted from outside: rows, not what the activities believe. */
  async count(): Promise<number> {
    const { rows } = await this.#pool.query<{ count: string }>(
      'select count(*) from bench_effects',
    );
    return Number(rows[0]?.count);
  }
}
