/** `headrace dead-letters` as operators run it, beside a bridge that the test plays. */
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Held } from '../../src/bridges/holding/held.js';
import { ensureHoldingSchema } from '../../src/bridges/holding/holding-schema.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { type ClaimedStore, claimedStore } from '../support/claimed-store.js';
import { environmentOf, headrace, headraceSays, type Said } from '../support/headrace.js';
import { aRecord } from '../support/records.js';
import { eventually } from '../support/site.js';

/** No other test's. */
const group = `g-${randomUUID()}`;

describe('headrace dead-letters', () => {
  let pool: Pool;
  let store: ClaimedStore;
  let env: Record<string, string>;

  beforeAll(async () => {
    const addresses = inject('addresses');
    env = environmentOf(addresses, { HEADRACE_GROUP: group });
    pool = new Pool({ connectionString: addresses.databaseUrl });
    await ensureHoldingSchema(pool);
    store = claimedStore(createHoldingStore(pool));
  });
  afterAll(() => pool.end());

  const says = (...args: string[]): Promise<Said> => headraceSays(['dead-letters', ...args], env);

  /** A topic whose partition 0 the test holds, with dead letters in it. */
  const scene = async (count: number, of: Partial<Held> = {}) => {
    const topic = `t-${randomUUID()}`;
    const at = { topic, generation: 'g', partition: 0 };
    const { token } = await store.claim(group, [at]);
    const held = (n: number, more: Partial<Held> = {}): Held => {
      const offset = String(n);
      const value = Buffer.from([0, 255, n % 256]);
      return {
        ...{ ...at, offset, route: 'r', state: 'dead', blocks: false, queue: `q${offset}` },
        ...{ reason: 'schema-mismatch', detail: 'data.amount: is not a number' },
        record: aRecord({ ...at, offset, value }),
        ...of,
        ...more,
      };
    };
    await store.hold(
      token,
      Array.from({ length: count }, (_, n) => held(n)),
    );
    const states = async (): Promise<Record<string, number>> => {
      const { rows } = await pool.query<{ state: string; count: number }>(
        `select coalesce(ended, state) as state, count(*)::integer as count from headrace.held
         where topic = $1 group by 1`,
        [topic],
      );
      return Object.fromEntries(rows.map(({ state, count: many }) => [state, many]));
    };
    return { topic, token, held, states };
  };

  it('tells first and changes nothing, then redrives what the filter says, and waits', async () => {
    const { topic, token, states } = await scene(30);
    const dry = await says('redrive', '--topic', topic);
    expect(dry.code).toBe(0);
    expect(dry.out).toMatch(/schema-mismatch +│ r +│ 30 /);
    expect(dry.out).toContain('Nothing was changed');
    expect(await states()).toEqual({ dead: 30 });

    const redriving = says('redrive', '--topic', topic, '--limit', '20', '--yes');
    await eventually('the marks', async () => (await states())['redriving'] === 20);
    const due = await store.due(token, Date.now(), 100);
    expect(due.map(({ offset }) => Number(offset))).toEqual([...Array(20).keys()]);
    await store.end(token, due, 'redriven');
    const done = await redriving;
    expect(done.out).toContain('Done: 20 redriven, 0 dead again, 0 to go.');
    expect(done.code).toBe(0);
    expect(await states()).toEqual({ redriven: 20, dead: 10 });
  });

  it('exits with 3 when some are dead again; then a part of them', async () => {
    const { topic, token, held, states } = await scene(3);
    const redriving = says('redrive', '--topic', topic, '--yes');
    await eventually('the marks', async () => (await states())['redriving'] === 3);
    await store.end(token, [held(0), held(2)], 'redriven');
    await store.again(token, held(1), { state: 'dead', reason: 'refused-arguments', detail: 'no' });
    const { code, out } = await redriving;
    expect(out).toContain('2 redriven, 1 dead again');
    expect(code).toBe(3);
    const one = await says('redrive', '--offset', `${topic}/0/1`, '--yes', '--no-wait');
    expect([one.code, await states()]).toEqual([0, { redriven: 2, redriving: 1 }]);
  });

  it('broken off, it goes on where it was', async () => {
    const { topic, token, states } = await scene(2_000);
    const first = await headrace(['dead-letters', 'redrive', '--topic', topic, '--yes'], env);
    await eventually('some marks', async () => ((await states())['redriving'] ?? 0) > 0);
    await first.kill();
    const marked = (await states())['redriving'] ?? 0;
    await store.end(token, await store.due(token, Date.now(), 300), 'redriven');
    const { code } = await says('redrive', '--topic', topic, '--yes', '--no-wait');
    expect(code).toBe(0);
    expect(await states()).toEqual({ redriven: 300, redriving: 1_700 });
    expect(marked).toBeGreaterThan(0);
  });

  it('shows one record whole, its bytes unchanged; lists and waits show no content', async () => {
    const { topic, token, held } = await scene(1);
    const secret = Buffer.from('{"card":"tok_secret"}');
    const waiting = held(7, { state: 'waiting', deadlineMs: Date.now() + 3_600_000, queue: 'w' });
    const record = { ...waiting.record, value: secret };
    const behind = held(8, { state: 'behind', queue: 'w' });
    await store.hold(token, [{ ...waiting, record }, behind]);
    const raw = await says('show', `${topic}/0/7`, '--raw');
    expect(raw.out).toBe(secret.toString());
    const shown = await says('show', `${topic}/0/7`);
    expect(shown.out).toContain('"card": "tok_secret"');
    expect(shown.out).toContain('Mend the producer');
    const waits = await says('waiting', '--topic', topic);
    expect(waits.out).toMatch(/59m \d+s|1h/);
    const [groups, ...lists] = await Promise.all([
      says('list', '--topic', topic, '--json'),
      says('list', '--topic', topic),
      says('list', '--topic', topic, '--records'),
      says('list', '--topic', topic, '--records', '--json'),
      says('waiting', '--topic', topic, '--json'),
    ]);
    for (const { code, out } of [groups, ...lists, waits]) {
      expect(code).toBe(0);
      expect(out).not.toContain('tok_secret');
    }
    expect(JSON.parse(groups.out)).toHaveLength(3);
    const nothing = await says('show', `${topic}/0/99`);
    expect(nothing.code).not.toBe(0);
    expect(nothing.error).toContain('nothing is, or was, held');
  });

  it('discards with a reason; what waited behind goes on', async () => {
    const { topic, token, held, states } = await scene(1, { blocks: true, queue: 'w' });
    await store.hold(token, [held(5, { state: 'behind' })]);
    const dry = await says('discard', '--topic', topic);
    expect(dry.out).toContain('1 wait behind them and go on');
    expect(await store.due(token, Date.now(), 10)).toEqual([]);
    const { code } = await says('discard', '--topic', topic, '--yes', '--why', 'a test order');
    expect([code, await states()]).toEqual([0, { discarded: 1, behind: 1 }]);
    expect(await store.due(token, Date.now(), 10)).toMatchObject([{ offset: '5' }]);
    expect((await says('show', `${topic}/0/0`)).out).toContain('discarded: a test order');
  });

  it('keeps to its group, and says which others hold something', async () => {
    const { topic, held, states } = await scene(2);
    const other = `o-${randomUUID()}`;
    const claimed = await store.claim(other, [{ topic, generation: 'g', partition: 0 }]);
    await store.hold(claimed.token, [held(7)]);
    const own = await says('list', '--topic', topic, '--records', '--json');
    expect(JSON.parse(own.out)).toMatchObject([
      { group, offset: '0' },
      { group, offset: '1' },
    ]);
    const theirs = await says('list', '--topic', topic, '--group', other, '--records', '--json');
    expect(JSON.parse(theirs.out)).toMatchObject([{ group: other, offset: '7' }]);
    const nobody = await says('list', '--topic', topic, '--group', 'nobody');
    expect(nobody.out).toContain(`${other} (1)`);
    const place = `${topic}/0/7`;
    expect((await says('show', place)).error).toContain(`${other} (1)`);
    expect((await says('show', place, '--group', other)).out).toContain(other);
    const discarded = await says('discard', '--topic', topic, '--yes', '--why', 'a test');
    expect([discarded.out, await states()]).toEqual([
      expect.stringContaining('2 discarded'),
      { discarded: 2, dead: 1 },
    ]);
    const args = ['--topic', topic, '--group', other, '--yes', '--no-wait'];
    expect((await says('redrive', ...args)).out).toContain('1 marked');
    expect(await store.due(claimed.token, Date.now(), 10)).toMatchObject([{ offset: '7' }]);
  });

  it('says what is wrong with the database, without its password', async () => {
    const away = { ...env, DATABASE_URL: 'postgres://u:pw-secret@127.0.0.1:1/x' };
    const { code, error } = await headraceSays(['dead-letters', 'list'], away);
    expect(code).toBe(2);
    expect(error).toContain('does not answer at 127.0.0.1:1');
    expect(error).not.toContain('pw-secret');
  });
});
