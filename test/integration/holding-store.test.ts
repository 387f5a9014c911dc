/** Held records in a real Postgres: the store's contract, its speed, and what operators do. */
import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Held, HeldKey } from '../../src/bridges/holding/held.js';
import {
  discard,
  groupsOf,
  progressOf,
  redrive,
  storiesAt,
  storiesOf,
} from '../../src/bridges/holding/held-admin.js';
import type { Selection } from '../../src/bridges/holding/held-selection.js';
import { heldSummary, holdingGroups } from '../../src/bridges/holding/held-summary.js';
import { ensureHoldingSchema } from '../../src/bridges/holding/holding-schema.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { claimedStore } from '../support/claimed-store.js';
import { holdingStoreContract } from '../support/holding-store-contract.js';
import { aRecord } from '../support/records.js';

const group = 'bridges';

const offsetsOf = (found: readonly HeldKey[]): string[] => found.map(({ offset }) => offset);

describe('the holding store in Postgres', () => {
  let pool: Pool;

  beforeAll(async () => {
    const connectionString = process.env['STORE_TEST_URL'] ?? inject('addresses').databaseUrl;
    pool = new Pool({ connectionString, max: 10 });
    await Promise.all([1, 2, 3].map(() => ensureHoldingSchema(pool)));
  });
  afterAll(() => pool.end());

  const only = ({ topic, partition, offset, route }: HeldKey, of: string): Selection => ({
    ...{ group: of, records: [{ topic, partition, offset }], routes: route.split(',') },
  });

  holdingStoreContract(() => ({
    store: createHoldingStore(pool),
    redrive: (key, of) => redrive(pool, only(key, of)),
    discard: (key, of) => discard(pool, only(key, of), ['dead'], 'not wanted'),
  }));

  const scene = async () => {
    const topic = `t-${randomUUID()}`;
    const store = claimedStore(createHoldingStore(pool));
    const at = { topic, generation: 'g', partition: 0 };
    const { token } = await store.claim(group, [at]);
    const held = (offset: number, of: Partial<Held> = {}): Held => ({
      ...{ ...at, offset: String(offset), route: 'r', state: 'dead', blocks: false },
      ...{ queue: `q${offset}`, reason: 'schema-mismatch', detail: 'no' },
      record: aRecord({ ...at, offset: String(offset) }),
      ...of,
    });
    return { topic, store, at, token, held, mine: { topics: [topic] } };
  };

  it('what ended is forgotten after its time, what is open never', async () => {
    const { store, token, held, at, topic } = await scene();
    await store.hold(token, [held(1), held(2), held(3)]);
    await store.end(token, [held(1), held(2)], 'discarded');
    await pool.query(
      `update headrace.held set created_at = now() - interval '40 days',
         ended_at = ended_at - interval '31 days' where topic = $1 and record_offset <> 2`,
      [topic],
    );
    await createHoldingStore(pool, { keepEndedDays: 30 }).claim(group, [at]);
    const left = async (offset: string): Promise<number> =>
      (await storiesAt(pool, { topic, partition: 0, offset }, group)).length;
    expect([await left('1'), await left('2'), await left('3')]).toEqual([0, 1, 1]);
  });

  it('records larger than one statement, and more than one answer carries', async () => {
    const { store, token, held, at, mine } = await scene();
    const value = Buffer.alloc(7 * 1024 * 1024, 1);
    const large = [1, 2, 3].map((offset) =>
      held(offset, { record: aRecord({ ...at, offset: String(offset), value }) }),
    );
    expect(await store.hold(token, large)).toEqual([]);
    await redrive(pool, mine);
    const first = await store.due(token, Date.now(), 10);
    expect(first.map(({ offset }) => offset)).toEqual(['1', '2']);
    expect(first[0]?.record.value?.equals(value)).toBe(true);
    // A newer claim between two portions leaves nothing of them.
    const newer = await store.claim(group, [at]);
    expect(await store.hold(token, large)).toBe('fenced');
    expect(newer.notes).toHaveLength(3);
  });

  it('redrive by filter: in portions, to a limit, resumable, and what died again is told', async () => {
    const { store, token, held, topic, mine } = await scene();
    const wrong = Array.from({ length: 1_200 }, (_, n) => held(n, { route: 'a,b' }));
    const missing = held(2_000, {
      ...{ reason: 'workflow-missing', route: 'c' },
      event: { id: 'e', workflowId: 'w', position: { source: 's', at: '1' } },
    });
    await store.hold(token, [...wrong, missing]);
    expect(await groupsOf(pool, { ...mine, routes: ['b'] }, ['dead'])).toMatchObject([
      { reason: 'schema-mismatch', route: 'a,b', count: 1_200, oldest: `${topic}/0/0` },
    ]);
    expect(await groupsOf(pool, { ...mine, key: '1001', workflowId: 'w' }, ['dead'])).toMatchObject(
      [{ route: 'c', count: 1, queues: 1 }],
    );
    expect(await groupsOf(pool, { ...mine, key: '1002' }, ['dead'])).toEqual([]);
    expect(await groupsOf(pool, { ...mine, toMs: Date.now() - 3_600_000 }, ['dead'])).toEqual([]);

    const seen: number[] = [];
    const some = { ...mine, reasons: ['schema-mismatch'], fromMs: Date.now() - 3_600_000 };
    const part = await redrive(pool, some, { limit: 700, progress: (count) => seen.push(count) });
    expect([part.marked, seen]).toEqual([700, [500, 700]]);
    const due = await store.due(token, Date.now(), 2_000);
    expect(due.map(({ offset }) => offset)).toEqual(wrong.slice(0, 700).map((one) => one.offset));
    expect(await redrive(pool, some)).toMatchObject({ marked: 500 });
    expect(await redrive(pool, some)).toMatchObject({ marked: 0 });

    await store.end(token, wrong.slice(0, 698), 'redriven');
    const dead = { state: 'dead', reason: 'refused-arguments', detail: 'id too long' } as const;
    await store.again(token, held(698, { route: 'a,b' }), dead);
    expect(await progressOf(pool, part.id)).toEqual({
      ...{ open: 1, redriven: 698, deadAgain: 1, waiting: 0, ended: 0 },
    });
    const [story] = await storiesAt(pool, { topic, partition: 0, offset: '698' }, group);
    expect(story).toMatchObject({
      ...{ state: 'dead', reason: 'refused-arguments', attempts: 1 },
      history: [
        { what: 'dead', detail: 'no' },
        { what: 'redriving' },
        { what: 'dead', detail: 'id too long' },
      ],
    });
  });

  it('a redrive does not take twice what goes dead again while it marks', async () => {
    const { store, token, held, mine } = await scene();
    await store.hold(
      token,
      Array.from({ length: 600 }, (_, n) => held(n)),
    );
    let refusals = Promise.resolve<unknown>(undefined);
    const { marked } = await redrive(pool, mine, {
      progress: () => {
        const to = { state: 'dead', reason: 'schema-mismatch', detail: 'still' } as const;
        refusals = refusals.then(() => store.again(token, held(1), to));
      },
    });
    await refusals;
    expect(marked).toBe(600);
  });

  it('discarding keeps the reason why; what was delivered all the same is told so', async () => {
    const { store, token, held, topic, mine } = await scene();
    const waits = held(1, { state: 'waiting', deadlineMs: Date.now() + 60_000 });
    await store.hold(token, [held(0), waits]);
    expect(await discard(pool, mine, ['dead'], 'a test order')).toBe(1);
    expect(await storiesAt(pool, { topic, partition: 0, offset: '0' }, group)).toMatchObject([
      { ended: 'discarded', history: [{}, { what: 'discarded', detail: 'a test order' }] },
    ]);
    expect(await discard(pool, mine, ['waiting'], 'too late')).toBe(1);
    await store.end(token, [waits], 'delivered');
    expect(await storiesAt(pool, { topic, partition: 0, offset: '1' }, group)).toMatchObject([
      { ended: 'delivered' },
    ]);
  });

  it('what waits: the soonest deadline first, with what is behind it', async () => {
    const { store, token, held, mine } = await scene();
    const now = Date.now();
    await store.hold(token, [
      held(1, { state: 'waiting', deadlineMs: now + 60_000 }),
      held(2, { state: 'waiting', deadlineMs: now + 30_000, queue: 'x' }),
      held(3, { state: 'behind', queue: 'x' }),
    ]);
    const found = await storiesOf(pool, mine, ['waiting'], 10);
    expect(found.map(({ offset, behind }) => [offset, behind])).toEqual([
      ['2', 1],
      ['1', 0],
    ]);
    const summary = await heldSummary(pool, group);
    expect(summary.nextDeadlineMs).toBeLessThanOrEqual(now + 30_000);
    expect(summary.counts).toContainEqual(expect.objectContaining({ state: 'behind', route: 'r' }));
  });

  it('operators and gauges see their own group, and what none has claimed', async () => {
    const { store, token, held, at, topic, mine } = await scene();
    const other = `other-${topic}`;
    await store.hold(token, [held(1), held(2)]);
    const claimed = await store.claim(other, [at]);
    await store.hold(claimed.token, [held(2), held(3), held(4)]);
    const count = async (of: Selection): Promise<number> =>
      (await groupsOf(pool, { ...mine, ...of }, ['dead'])).reduce((sum, one) => sum + one.count, 0);
    expect([await count({ group }), await count({ group: other }), await count({})]).toEqual([
      2, 3, 5,
    ]);
    expect((await heldSummary(pool, other)).counts).toMatchObject([{ state: 'dead', count: 3 }]);
    expect(await holdingGroups(pool)).toContainEqual({ group: other, count: 3 });
    const place = { topic, partition: 0, offset: '2' };
    expect(await storiesAt(pool, place, other)).toMatchObject([{ group: other }]);
    expect((await redrive(pool, { ...mine, group: other })).marked).toBe(3);
    expect(await discard(pool, { ...mine, group }, ['dead'], 'a test')).toBe(2);
    expect(offsetsOf(await store.due(claimed.token, Date.now(), 10))).toEqual(['2', '3', '4']);
    await pool.query(
      `insert into headrace.held (topic, generation, partition, record_offset, route, route_id,
         state, queue, queue_id, blocks, reason, detail, record_headers, record_timestamp,
         record_bytes)
       values ($1, 'g', 0, 9, 'r', md5('r')::uuid, 'dead', 'q', md5('q')::uuid, true, 'x', '', '[]',
         '0', 0)`,
      [topic],
    );
    expect([await count({ group }), await count({ group: other })]).toEqual([1, 1]);
  });

  it('stays quick with 100,000 dead letters and 20,000 behind them', async () => {
    const { store, token, at, topic } = await scene();
    const row = (from: string, state: string): string => `
      insert into headrace.held (consumer_group, topic, generation, partition, record_offset, route, route_id,
        state, queue, queue_id, blocks, reason, detail, record_headers, record_timestamp,
        record_bytes)
      select '${group}', $1, 'g', 0, n, 'r', md5('r')::uuid, '${state}', q::text, md5(q::text)::uuid, true,
        'schema-mismatch', '', '[]', '0', 0 from (select n, n % 5000 as q from ${from} as n) as s`;
    await pool.query(row('generate_series(1, 100000)', 'dead'), [topic]);
    await pool.query(row('generate_series(200001, 220000)', 'behind'), [topic]);
    await pool.query('analyze headrace.held');
    const took = async (work: () => Promise<unknown>): Promise<number> => {
      const began = performance.now();
      await work();
      return performance.now() - began;
    };
    const due = await took(() => store.due(token, Date.now(), 500));
    const claim = await took(() => store.claim(group, [at]));
    process.stdout.write(`due ${due.toFixed(0)} ms, claim ${claim.toFixed(0)} ms\n`);
    // Generous: a machine under load; a scan per row would take minutes.
    expect(due).toBeLessThan(2_000);
    expect(claim).toBeLessThan(10_000);
    await pool.query('delete from headrace.held where topic = $1', [topic]);
  });
});
