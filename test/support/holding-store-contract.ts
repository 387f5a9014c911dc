/** What every holding store does: run on the fake and on Postgres. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import type {
  Held,
  HeldKey,
  HeldNote,
  HoldingStore,
  PartitionId,
} from '../../src/bridges/holding/held.js';
import { claimedStore } from './claimed-store.js';
import { aRecord } from './records.js';

/** A store, and what operators do beside it. */
export interface StoreUnderTest {
  readonly store: HoldingStore;
  readonly redrive: (key: HeldKey, group: string) => Promise<unknown>;
  readonly discard: (key: HeldKey, group: string) => Promise<unknown>;
}

const group = 'bridges';

interface Given extends Partial<Omit<Held, 'record'>> {
  readonly offset: string;
}

/** What is remembered of a held record. */
function noteOf(held: Held): HeldNote {
  const { record, ...note } = withoutFailures(held);
  expect(record.offset).toBe(note.offset);
  return note;
}

function withoutFailures(held: Held): Held {
  const one: { -readonly [Key in keyof Held]: Held[Key] } = { ...held };
  delete one.failed;
  return one;
}

const now = Date.parse('2026-03-29T12:00:00Z');

/** Describes the contract; `open` answers with a store, which may hold what others held. */
export function holdingStoreContract(open: () => StoreUnderTest): void {
  /** Topics of their own, so that tests on one store do not meet. */
  const scene = () => {
    const topic = `t-${randomUUID()}`;
    const at = (partition = 0, generation = 'g1'): PartitionId => ({
      ...{ topic, generation, partition },
    });
    const held = (of: Given): Held => {
      const note = {
        ...{ topic, generation: 'g1', partition: 0, route: 'r', state: 'dead' as const },
        ...{ queue: 'q', blocks: false, reason: 'schema-mismatch', detail: 'no' },
        ...of,
      };
      const { generation, partition, offset } = note;
      return { ...note, record: aRecord({ topic, generation, partition, offset }) };
    };
    const { store, redrive, discard } = open();
    return {
      ...{ store: claimedStore(store), topic, at, held },
      redrive: (key: HeldKey, of = group) => redrive(key, of),
      discard: (key: HeldKey, of = group) => discard(key, of),
    };
  };
  const offsets = (found: readonly HeldKey[]): string[] => found.map(({ offset }) => offset);

  it('what is held comes back the same, to the byte', async () => {
    const { store, at, held, redrive } = scene();
    const { token } = await store.claim(group, [at()]);
    const odd: Held = {
      ...held({ offset: '9223372036854775807', queue: 'a\0b\\u0041\ud800', blocks: true }),
      route: 'one,two',
      detail: 'data.x: \0 "quoted"\nsecond line 🚰',
      event: {
        ...{ id: 'e\0\ud800', workflowId: 'w\0' },
        position: { source: 's', at: '0001' },
      },
      deadlineMs: now + 123,
      record: aRecord({
        ...{ ...at(), offset: '9223372036854775807', timestamp: '-1' },
        key: Buffer.from([0, 159, 146, 150]),
        value: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x0a]),
        headers: {
          trace: Buffer.from([1, 2, 255]),
          text: 'plain',
          empty: Buffer.alloc(0),
          many: [Buffer.from([0]), 'mixed', Buffer.from('x')],
          ['__proto__']: Buffer.from('y'),
          'n\0': Buffer.from('z'),
        },
      }),
    };
    const bare = held({ offset: '1' });
    const nothing = { ...bare, record: { ...bare.record, key: null, value: null } };
    const empty = held({ offset: '2' });
    const hollow = { ...empty.record, key: Buffer.alloc(0), value: Buffer.alloc(0) };
    const all = [nothing, { ...empty, record: hollow }, odd];
    expect(await store.hold(token, all)).toEqual([]);
    for (const one of all) await redrive(one);
    const found = await store.due(token, now, 10);
    expect(found.map(withoutFailures)).toEqual(all.map((one) => ({ ...one, state: 'redriving' })));
    expect(Object.keys(found[2]?.record.headers ?? {})).toEqual(Object.keys(odd.record.headers));
    const { notes } = await store.claim(group, [at()]);
    expect(notes).toEqual(found.map(noteOf));
  });

  it('H2: a newer claim fences hold, again, end and due of the older one', async () => {
    const { store, at, held, redrive } = scene();
    const old = await store.claim(group, [at(0), at(1)]);
    const zero = held({ offset: '1' });
    const one = held({ offset: '1', partition: 1 });
    expect(await store.hold(old.token, [zero, one])).toEqual([]);
    await redrive(zero);
    const taken = await store.claim(group, [at(1)]);
    expect(await store.hold(old.token, [held({ offset: '2', partition: 1 })])).toBe('fenced');
    const to = { state: 'dead', reason: 'x', detail: '' } as const;
    expect(await store.again(old.token, one, to)).toBe('fenced');
    expect(await store.end(old.token, [one], 'redriven')).toBe('fenced');
    // All or none: a partition that is still its own does not save the rest.
    expect(
      await store.hold(old.token, [held({ offset: '3' }), held({ ...one, offset: '3' })]),
    ).toBe('fenced');
    expect(await store.end(old.token, [zero, one], 'redriven')).toBe('fenced');
    await expect(store.due(old.token, now, 10)).rejects.toThrow('fenced');
    expect(await store.end(old.token, [zero], 'redriven')).toBe('held');
    const last = await store.claim(group, [at(0), at(1)]);
    expect(last.notes).toMatchObject([{ offset: '1', partition: 1, state: 'dead' }]);
    await expect(store.due(taken.token, now, 10)).rejects.toThrow('fenced');
  });

  it('H2: a look is told when any of its partitions is claimed anew, also by an older bridge', async () => {
    const { store, at, held, redrive } = scene();
    const first = await store.claim(group, [at(0), at(1)]);
    const one = held({ offset: '1', partition: 1 });
    await store.hold(first.token, [one]);
    const owner = await store.claim(group, [at(1)]);
    await redrive(one);
    expect(offsets(await store.due(owner.token, now, 10))).toEqual(['1']);
    await expect(store.due(first.token, now, 10)).rejects.toThrow('fenced');
    await expect(store.open(first.token)).rejects.toThrow('fenced');
    // What the older one sent before it lost the partition arrives only now.
    await store.claim(group, [at(0), at(1)]);
    await expect(store.due(owner.token, now, 10)).rejects.toThrow('fenced');
    await expect(store.open(owner.token)).rejects.toThrow('fenced');
    const { token } = await store.claim(group, [at(1), at(1)]);
    expect(offsets(await store.due(token, now, 10))).toEqual(['1']);
    expect(offsets(await store.open(token))).toEqual(['1']);
    const none = await store.claim(group, []);
    expect([await store.due(none.token, now, 10), await store.open(none.token)]).toEqual([[], []]);
  });

  it('H2: two groups on one partition neither fence each other nor see what the other holds', async () => {
    const { store, at, held, redrive, discard } = scene();
    const one = await store.claim('one', [at(0), at(1)]);
    const blocks = { offset: '5', blocks: true, queue: 'q' };
    const behind = held({ offset: '6', state: 'behind' });
    expect(await store.hold(one.token, [held(blocks), behind])).toEqual([]);
    const two = await store.claim('two', [at(0), at(1)]);
    expect([BigInt(two.token) > BigInt(one.token), two.notes]).toEqual([true, []]);
    expect(await store.hold(two.token, [behind, held({ offset: '7', partition: 1 })])).toEqual([]);
    // What blocks in one group blocks nothing in the other.
    expect(offsets(await store.due(two.token, now, 10))).toEqual(['6']);
    expect(await store.due(one.token, now, 10)).toEqual([]);
    expect(offsets(await store.open(one.token))).toEqual(['5', '6']);
    expect(offsets(await store.open(two.token))).toEqual(['6', '7']);
    expect(await store.end(two.token, [behind], 'delivered')).toBe('held');
    expect(offsets(await store.open(one.token))).toEqual(['5', '6']);
    // It has ended in one group, and is held in the other.
    expect(await store.hold(two.token, [behind])).toMatchObject([{ offset: '6' }]);
    expect(await store.hold(one.token, [behind])).toEqual([]);
    const dead = { state: 'dead', reason: 'again', detail: '' } as const;
    expect(await store.again(two.token, held(blocks), dead)).toBe('held');
    await redrive(held(blocks), 'two');
    expect(await store.due(one.token, now, 10)).toEqual([]);
    await redrive(held(blocks), 'one');
    expect(await store.due(one.token, now, 10)).toMatchObject([
      { offset: '5', reason: 'schema-mismatch' },
    ]);
    await store.again(one.token, held(blocks), dead);
    await discard(held(blocks), 'two');
    expect((await store.claim('one', [at(0)])).notes).toMatchObject([
      { offset: '5', reason: 'again' },
      { offset: '6' },
    ]);
    expect(await store.hold(one.token, [held({ offset: '9' })])).toBe('fenced');
    expect(await store.hold(two.token, [held({ offset: '9' })])).toEqual([]);
    expect((await store.claim('two', [at(0), at(1)])).notes).toHaveLength(2);
  });

  it('nobody without a claim writes anything', async () => {
    const { store, at, held } = scene();
    const { token } = await store.claim(group, [at(0)]);
    expect(await store.hold(token, [held({ offset: '1', partition: 7 })])).toBe('fenced');
    expect(await store.hold('0', [held({ offset: '1' })])).toBe('fenced');
    expect((await store.claim(group, [at(0), at(7)])).notes).toEqual([]);
  });

  it('a held record stays as it is, also when it has ended', async () => {
    const { store, at, held } = scene();
    const { token } = await store.claim(group, [at()]);
    const first = held({ offset: '1', detail: 'first' });
    await store.hold(token, [first, held({ offset: '1', route: 'other' })]);
    expect(await store.hold(token, [held({ offset: '1', detail: 'second' })])).toEqual([]);
    const { token: next, notes } = await store.claim(group, [at()]);
    expect(notes.map(({ route, detail }) => [route, detail])).toEqual([
      ['r', 'first'],
      ['other', 'no'],
    ]);
    await store.end(next, [first], 'redriven');
    await store.again(next, first, { state: 'dead', reason: 'x', detail: '' });
    const again = [held({ offset: '1' }), held({ offset: '1', route: 'other' })];
    const over = await store.hold(next, again);
    expect(over).toMatchObject([{ offset: '1', route: 'r' }]);
    expect((await store.claim(group, [at()])).notes.map(({ route }) => route)).toEqual(['other']);
  });

  it('what has not ended is open, to the newest claim alone', async () => {
    const { store, at, held, discard } = scene();
    const { token } = await store.claim(group, [at()]);
    const [one, two] = [held({ offset: '1' }), held({ offset: '2' })];
    await store.hold(token, [one, two]);
    expect((await store.open(token)).map(({ offset }) => offset)).toEqual(['1', '2']);
    await store.again(token, one, { state: 'dead', reason: 'x', detail: '' });
    await discard(one);
    expect((await store.open(token)).map(({ offset }) => offset)).toEqual(['2']);
    await store.claim(group, [at()]);
    await expect(store.open(token)).rejects.toThrow('fenced');
  });

  it('what was discarded is to be told to its workflow, until it was', async () => {
    const { store, at, held, discard } = scene();
    const { token } = await store.claim(group, [at(0), at(1)]);
    const event = (id: string, workflowId = 'w\\1') => ({
      event: { id, workflowId, position: { source: 's', at: id } },
    });
    const [one, two, three] = ['1', '2', '3'].map((offset) => held({ offset, ...event(offset) }));
    const elsewhere = held({ offset: '4', ...event('4', 'other') });
    const away = held({ offset: '5', partition: 1, ...event('5') });
    await store.hold(token, [one, two, three, elsewhere, away, held({ offset: '6' })] as Held[]);
    const told = async (by = token): Promise<string[]> =>
      offsets(await store.discarded(by, 'w\\1')).sort();
    expect(await told()).toEqual([]);
    for (const offset of ['1', '3', '4', '6']) await discard(held({ offset }));
    await discard(away);
    expect(await told()).toEqual(['1', '3', '5']);
    expect((await store.discarded(token, 'w\\1'))[0]).toMatchObject(event('1'));
    await store.told(token, [one as Held]);
    expect(await told()).toEqual(['3', '5']);
    // It went through all the same.
    await store.end(token, [three as Held], 'redriven');
    expect(await told()).toEqual(['5']);
    const next = await store.claim(group, [at(1)]);
    expect([await told(), await told(next.token)]).toEqual([[], ['5']]);
  });

  it('what an operator redrives is due, in numeric order, until it has ended', async () => {
    const { store, at, held, redrive } = scene();
    const { token } = await store.claim(group, [at()]);
    const all = ['10', '9', '100', '2'].map((offset) => held({ offset }));
    await store.hold(token, all);
    expect(await store.due(token, now, 10)).toEqual([]);
    for (const one of all) await redrive(one);
    expect(offsets(await store.due(token, now, 10))).toEqual(['2', '9', '10', '100']);
    expect(offsets(await store.due(token, now, 3))).toEqual(['2', '9', '10']);
    await store.end(token, [held({ offset: '2' })], 'redriven');
    const to = { state: 'dead', reason: 'refused-arguments', detail: 'still' } as const;
    await store.again(token, held({ offset: '9' }), to);
    expect(offsets(await store.due(token, now, 10))).toEqual(['10', '100']);
    await redrive(held({ offset: '2' }));
    await redrive(held({ offset: '9' }));
    expect(await store.due(token, now, 1)).toMatchObject([
      { offset: '9', reason: 'refused-arguments', detail: 'still' },
    ]);
  });

  it('what waits is due at once, then at its next try, and at its deadline', async () => {
    const { store, at, held } = scene();
    const { token } = await store.claim(group, [at()]);
    const waiting = held({ offset: '5', state: 'waiting', deadlineMs: now + 10_000 });
    await store.hold(token, [waiting]);
    expect(await store.due(token, now, 10)).toMatchObject([{ deadlineMs: now + 10_000 }]);
    const again = { state: 'waiting', reason: 'workflow-missing', detail: 'none' } as const;
    await store.again(token, waiting, { ...again, nextTryMs: now + 4_000 });
    expect(await store.due(token, now + 3_999, 10)).toEqual([]);
    expect(await store.due(token, now + 4_000, 10)).toHaveLength(1);
    await store.again(token, waiting, { ...again, nextTryMs: now + 30_000 });
    expect(await store.due(token, now + 9_999, 10)).toEqual([]);
    expect(await store.due(token, now + 10_000, 10)).toHaveLength(1);
    await store.again(token, waiting, { ...again, state: 'dead' });
    expect(await store.due(token, now + 99_999, 10)).toEqual([]);
  });

  it('says how often each was tried, and when that failed first', async () => {
    const { store, at, held } = scene();
    const before = Date.now();
    const { token } = await store.claim(group, [at()]);
    const waiting = held({ offset: '5', state: 'waiting', deadlineMs: now + 10_000 });
    const behind = held({ offset: '9', state: 'behind', queue: 'elsewhere' });
    await store.hold(token, [waiting, behind]);
    const failures = async () => (await store.due(token, now, 10)).map(({ failed }) => failed);
    const [one, untried] = await failures();
    expect([one?.times, untried]).toEqual([1, { times: 0 }]);
    // Not by the clock of the store's server alone.
    expect(Math.abs((one?.firstMs ?? 0) - before)).toBeLessThan(60_000);
    const again = { state: 'waiting', reason: 'workflow-missing', detail: '' } as const;
    await store.again(token, waiting, again);
    await store.again(token, behind, again);
    const [next, tried] = await failures();
    expect(next).toEqual({ times: 2, firstMs: one?.firstMs });
    expect(tried?.times).toBe(1);
    expect(tried?.firstMs ?? 0).toBeGreaterThanOrEqual(one?.firstMs ?? 0);
  });

  it('H3: what is behind waits for all that blocks before it in its queue, and only that', async () => {
    const { store, at, held, discard, redrive } = scene();
    const { token } = await store.claim(group, [at(0), at(1)]);
    const dead = held({ offset: '5', blocks: true });
    const waits = held({ offset: '7', state: 'waiting', deadlineMs: now + 1_000 });
    const behind = (offset: string, more: Partial<Given> = {}): Held =>
      held({ offset, state: 'behind', ...more });
    await store.hold(token, [
      ...[dead, behind('4'), behind('6'), waits, behind('8'), behind('100')],
      behind('9', { queue: 'elsewhere' }),
      behind('9', { partition: 1 }),
      held({ offset: '20', queue: 'unblocked' }),
      behind('21', { queue: 'unblocked' }),
    ]);
    await store.again(token, waits, {
      ...{ state: 'waiting', reason: 'workflow-missing', detail: '', nextTryMs: now + 500 },
    });
    const open = async (): Promise<string[]> =>
      (await store.due(token, now, 20)).map(({ partition, offset }) => `${partition}/${offset}`);
    expect(await open()).toEqual(['0/4', '0/9', '0/21', '1/9']);
    await redrive(dead);
    // The head goes first, and alone: it may be refused again.
    expect(await open()).toEqual(['0/4', '0/5', '0/9', '0/21', '1/9']);
    await store.again(token, dead, { state: 'dead', reason: 'x', detail: '' });
    expect(await open()).toEqual(['0/4', '0/9', '0/21', '1/9']);
    await discard(dead);
    expect(await open()).toEqual(['0/4', '0/6', '0/9', '0/21', '1/9']);
    await store.end(token, [waits], 'delivered');
    expect(await open()).toEqual(['0/4', '0/6', '0/8', '0/9', '0/21', '0/100', '1/9']);
  });

  it('what waited in vain becomes a dead letter that blocks or not, as it is told', async () => {
    const { store, at, held } = scene();
    const { token } = await store.claim(group, [at()]);
    const waits = held({ offset: '1', state: 'waiting', blocks: true });
    await store.hold(token, [waits, held({ offset: '2', state: 'behind' })]);
    const over = { state: 'dead', reason: 'workflow-missing', detail: '' } as const;
    await store.again(token, waits, over);
    expect(await store.due(token, now, 10)).toEqual([]);
    await store.again(token, waits, { ...over, blocks: false });
    expect(offsets(await store.due(token, now, 10))).toEqual(['2']);
    expect((await store.claim(group, [at()])).notes[0]).toMatchObject({ blocks: false });
  });

  it('two routes of one record in one queue: the one held first is first', async () => {
    const { store, at, held } = scene();
    const { token } = await store.claim(group, [at()]);
    const later = { state: 'behind', route: 'b' } as const;
    const head = held({ offset: '5', route: 'a', blocks: true });
    await store.hold(token, [head, held({ offset: '5', ...later })]);
    expect(await store.due(token, now, 10)).toEqual([]);
    await store.end(token, [head], 'discarded');
    expect(await store.due(token, now, 10)).toMatchObject([{ route: 'b' }]);
  });

  it('the generations of a re-created topic: the older one goes first, whatever its offsets', async () => {
    const { store, at, held, redrive } = scene();
    const old = await store.claim(group, [at(0, 'g1')]);
    const before = held({ offset: '900', blocks: true });
    await store.hold(old.token, [before, held({ offset: '901', state: 'behind' })]);
    const { token, notes } = await store.claim(group, [at(0, 'g2')]);
    expect(offsets(notes)).toEqual(['900', '901']);
    const fresh = held({ offset: '900', generation: 'g2', state: 'behind' });
    await store.hold(token, [fresh, held({ offset: '3', generation: 'g2', state: 'behind' })]);
    expect(await store.due(token, now, 10)).toEqual([]);
    await redrive(before);
    expect(offsets(await store.due(token, now, 10))).toEqual(['900']);
    await store.end(token, [before], 'redriven');
    expect(
      (await store.due(token, now, 10)).map(({ generation, offset }) => `${generation}/${offset}`),
    ).toEqual(['g1/901', 'g2/3', 'g2/900']);
  });

  it('H1, H2: whoever claims sees everything that was held before, however they race', async () => {
    const { store, at, held } = scene();
    const kept: { token: bigint; offset: string }[] = [];
    const claims: { token: bigint; offsets: Set<string> }[] = [];
    let offset = 0;
    const bridge = async (): Promise<void> => {
      for (let turn = 0; turn < 15; turn += 1) {
        const { token, notes } = await store.claim(group, [at(1), at(0)]);
        claims.push({ token: BigInt(token), offsets: new Set(offsets(notes)) });
        for (let count = 0; count < 3; count += 1) {
          offset += 1;
          const mine = String(offset);
          const both = [held({ offset: mine }), held({ offset: mine, partition: 1 })];
          const answer = await store.hold(token, both);
          if (answer !== 'fenced') kept.push({ token: BigInt(token), offset: mine });
        }
      }
    };
    await Promise.all([bridge(), bridge(), bridge()]);
    expect(kept.length).toBeGreaterThan(0);
    const unseen = claims.flatMap((claim) =>
      kept.filter((one) => one.token < claim.token && !claim.offsets.has(one.offset)),
    );
    expect(unseen).toEqual([]);
    const last = await store.claim(group, [at(0), at(1)]);
    expect(last.notes).toHaveLength(2 * kept.length);
  });

  it('many records at once', async () => {
    const { store, at, held } = scene();
    const { token } = await store.claim(group, [at()]);
    const many = Array.from({ length: 2_500 }, (_, n) =>
      held({ offset: String(n), queue: `q${n}` }),
    );
    expect(await store.hold(token, many)).toEqual([]);
    expect(await store.end(token, many.slice(500), 'discarded')).toBe('held');
    const { notes } = await store.claim(group, [at()]);
    expect(offsets(notes)).toEqual(offsets(many.slice(0, 500)));
  });
}
