/**
 * What is set aside outlives its bridge: killed in each state, nothing is lost and order is kept; and
 * a bridge that does not know yet that it lost its partition writes nothing more of it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Bridge } from '../../src/bridge.js';
import type { HeldKey, HoldingStore } from '../../src/bridges/holding/held.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { type LedgerStage, openLedgerStage } from '../support/ledger-stage.js';
import { aRecord } from '../support/records.js';
import { eventually } from '../support/site.js';

let stage: LedgerStage;

beforeAll(async () => {
  stage = await openLedgerStage(inject('addresses'));
});
afterEach(() => stage.rest());
afterAll(() => stage.close());

describe('a bridge that is killed', () => {
  const strict = { onDeadLetter: 'park', whenMissing: { parkMs: 600_000 } } as const;
  const mended = { ...strict, widened: true };

  it('with a parked head, some behind it, and one that waits', async () => {
    const { mortalBridge, send, entries, reach, holds, name } = await stage.scene();
    const first = await mortalBridge(strict);
    await send(name('w'), 1);
    await holds({ waiting: 1 });
    await send(name('a'), 'open', 1, '2', 3);
    await send(name('w'), 2);
    await holds({ dead: 1, behind: 2, waiting: 1 });
    await first.kill();
    // Read by nobody yet, and of the same workflows.
    await send(name('a'), 4);
    await send(name('w'), 3);
    await send(name('b'), 'open', 7);
    const second = await mortalBridge(strict);
    await reach(name('b'), 7);
    await holds({ dead: 1, behind: 4, waiting: 1 });
    expect([await entries(name('a')), await entries(name('w'))]).toEqual([[1], []]);
    await second.kill();
    await send(name('w'), 'open', 4);
    await mortalBridge(mended);
    await reach(name('w'), 1, 2, 3, 4);
    expect(await entries(name('a'))).toEqual([1]);
  });

  it('while something is redriven or discarded: it goes on where it was', async () => {
    const { mortalBridge, send, entries, reach, holds, says, name } = await stage.scene();
    const first = await mortalBridge(strict);
    await send(name('a'), 'open', 1, '2', 3);
    await send(name('c'), 'open', 1, 'none', 3);
    await holds({ dead: 2, behind: 2 });
    await first.kill();
    const why = ['--yes', '--why', 'a test'];
    expect((await says('redrive', '--key', name('a'), '--yes', '--no-wait')).code).toBe(0);
    await holds({ dead: 1, redriving: 1, behind: 2 });
    // By the rules it still has, it is dead again; and the one after it must not have passed.
    const second = await mortalBridge(strict);
    await holds({ dead: 2, behind: 2 });
    await second.kill();
    expect((await says('redrive', '--key', name('a'), '--yes', '--no-wait')).code).toBe(0);
    expect((await says('discard', '--key', name('c'), ...why)).out).toContain('1 discarded');
    await holds({ redriving: 1, discarded: 1, behind: 2 });
    await send(name('a'), 4);
    await send(name('c'), 4);
    await mortalBridge(mended);
    await reach(name('a'), 1, 2, 3, 4);
    await reach(name('c'), 1, 3, 4);
    await eventually('nothing to be held', async () =>
      (await says('list')).out.includes('Nothing'),
    );
    expect(await entries(name('c'))).toEqual([1, 3, 4]);
  });

  it('and whose group begins anew: what is over is not held again, and acts once', async () => {
    const { topic, bridge, end, send, entries, reach, held, holds, says, name } =
      await stage.scene();
    const first = await bridge(strict);
    await send(name('w'), 1);
    await holds({ waiting: 1 });
    await send(name('a'), 'open', 1, '2', 3);
    await send(name('c'), 'open', 1, 'none', 3);
    await send(name('d'), 'open', 1, '2', 3);
    await send(name('w'), 2);
    await holds({ dead: 3, behind: 4, waiting: 1 });
    await says('discard', '--key', name('c'), '--yes', '--why', 'a test');
    await reach(name('c'), 1, 3);
    await end(first);
    const second = await bridge(mended);
    await says('redrive', '--key', name('a'), '--yes');
    await reach(name('a'), 1, 2, 3);
    await end(second);
    const admin = stage.kafka.admin();
    await admin.connect();
    await admin.resetOffsets({ groupId: topic, topic, earliest: true });
    await admin.disconnect();
    await bridge(mended);
    for (const suffix of ['a', 'c', 'd', 'w']) await send(name(suffix), 4);
    await reach(name('a'), 1, 2, 3, 4);
    await reach(name('c'), 1, 3, 4);
    // It is still what it was: dead, and in the way of the others.
    expect(await entries(name('d'))).toEqual([1]);
    await eventually('the later ones to wait', async () => (await held())['behind'] === 4);
    expect(await held()).toMatchObject({ redriven: 1, discarded: 1, dead: 1, waiting: 1 });
    await says('redrive', '--key', name('d'), '--yes');
    await reach(name('d'), 1, 2, 3, 4);
    await send(name('w'), 'open');
    await reach(name('w'), 1, 2, 4);
  });
});

it('a topic that was created again: what is held of the one before it goes first, and does go', async () => {
  const { topic, bridge, end, send, entries, reach, holds, says, name } = await stage.scene();
  const first = await bridge({ onDeadLetter: 'park' });
  await send(name('a'), 'open', 1, '2', 3);
  await holds({ dead: 1, behind: 1 });
  await end(first);
  const admin = stage.kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await eventually('the topic to be there again', () =>
    admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true }).then(
      (created) => created,
      () => false,
    ),
  );
  await admin.disconnect();
  await bridge({ onDeadLetter: 'park', widened: true });
  await send(name('a'), 4);
  await holds({ dead: 1, behind: 2 });
  expect(await entries(name('a'))).toEqual([1]);
  expect((await says('redrive', '--yes')).out).toContain('1 redriven, 0 dead again');
  await reach(name('a'), 1, 2, 3, 4);
});

describe('a bridge that lost its claim', () => {
  /** The real store, whose holding waits for `gate`; every answer to it is written down. */
  const watched = (gate: () => Promise<void> = () => Promise.resolve()) => {
    const store = createHoldingStore(stage.pool);
    const answers: (readonly HeldKey[] | 'fenced')[] = [];
    const hold: HoldingStore['hold'] = async (token, held) => {
      await gate();
      const answer = await store.hold(token, held);
      answers.push(answer);
      return answer;
    };
    return { store: { ...store, hold }, answers };
  };
  const placeOf = (bridge: Bridge) => {
    const [window] = bridge.engine.windows;
    if (window === undefined) throw new Error('the bridge has no partition');
    const { topic, generation, partition } = window;
    return { topic, generation, partition };
  };

  it('unknown to it: its write is refused, it claims anew, and the record is held once', async () => {
    const { topic, bridge, send, reach, holds, says, name } = await stage.scene();
    const { store, answers } = watched();
    const one = await bridge({ onDeadLetter: 'park' }, { store });
    await send(name('a'), 'open', 1);
    await reach(name('a'), 1);
    const at = placeOf(one);
    // Another holder of the same partition, of which the group knows nothing.
    const other = createHoldingStore(stage.pool);
    const { token } = await other.claim(topic, [at]);
    await send(name('a'), '2', 3);
    await holds({ dead: 1, behind: 1 });
    expect([answers[0], answers.at(-1)]).toEqual(['fenced', []]);
    // Now that one is the older of the two.
    const stale = {
      ...{ ...at, offset: '99', route: 'enter', state: 'dead' as const, queue: 'q' },
      ...{ blocks: true, reason: 'schema-mismatch', detail: '' },
      record: aRecord({ ...at, offset: '99' }),
    };
    expect(await other.hold(token, [stale])).toBe('fenced');
    expect(await other.end(token, [{ ...stale, offset: '2' }], 'discarded')).toBe('fenced');
    await holds({ dead: 1, behind: 1 });
    await says('discard', '--all', '--yes', '--why', 'a test');
    await reach(name('a'), 1, 3);
  });

  it('unknown to it, with nothing to write: its look is refused, and it claims anew', async () => {
    const { topic, bridge, send, entries, reach, holds, says, name } = await stage.scene();
    const one = await bridge({ onDeadLetter: 'park' });
    await send(name('a'), 'open', 1, '2', 3);
    await reach(name('a'), 1);
    await holds({ dead: 1, behind: 1 });
    const { epoch } = one.engine;
    // What a bridge that is no member any more had sent before arrives late.
    await createHoldingStore(stage.pool).claim(topic, [placeOf(one)]);
    await eventually('the bridge to claim its partition anew', () =>
      Promise.resolve(one.engine.epoch > epoch && one.assigned()),
    );
    await says('discard', '--all', '--yes', '--why', 'a test');
    await reach(name('a'), 1, 3);
    expect(await entries(name('a'))).toEqual([1, 3]);
  });

  it('to another bridge, with a write under way: the older write is refused', async () => {
    const { bridge, end, send, reach, holds, says, name } = await stage.scene();
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    let isAt = false;
    const gated = watched(() => {
      if (isAt) return Promise.resolve();
      isAt = true;
      return opened;
    });
    const older = await bridge({ onDeadLetter: 'park' }, { store: gated.store });
    await send(name('a'), 'open', 1);
    await reach(name('a'), 1);
    await send(name('a'), '2', 3);
    await eventually('a write to be under way', () => Promise.resolve(isAt));
    const { epoch } = older.engine;
    const newer = await bridge({ onDeadLetter: 'park' });
    await eventually('the partition to be given anew', () =>
      Promise.resolve(older.engine.epoch > epoch),
    );
    const owners = () =>
      [older, newer].filter(({ engine }) => [...engine.windows].length > 0).length;
    await eventually('one to have it', () => Promise.resolve(owners() === 1));
    await holds({ dead: 1, behind: 1 });
    open();
    await eventually('the older write to be answered', () =>
      Promise.resolve(gated.answers.includes('fenced')),
    );
    await holds({ dead: 1, behind: 1 });
    await end(older);
    await says('discard', '--all', '--yes', '--why', 'a test');
    await send(name('a'), 4);
    await reach(name('a'), 1, 3, 4);
  });
});
