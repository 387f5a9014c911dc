/** A lane that does not get on: its partition goes on without it, where its route lets it wait. */
import { expect, test } from 'vitest';
import type { DeadLetter } from '../../../src/bridges/holding/dead-letters.js';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { defaultLimits } from '../../../src/bridges/engine/engine-ports.js';
import { silent } from '../../../src/bridges/engine/observer.js';
import type { Verdict } from '../../../src/bridges/engine/verdict.js';
import type { WhenMissing } from '../../../src/bridges/matching/command.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import { enginePorts, Naps, settle } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { aRecord } from '../../support/records.js';

const at = { topic: 'shop.events', generation: '0', partition: 0 };
const { heldUp } = defaultLimits.window;
const limits = {
  ...defaultLimits,
  window: { records: 100, bytes: 1_000_000, span: 200, heldUp },
};
const busy: Verdict = { kind: 'retry', scope: 'lane', cause: 'busy', code: 'resource-exhausted' };
const done: Verdict = { kind: 'done' };

/** Signals to workflows that answer as `world.answers` says. */
async function stage(park: boolean, how: 'store' | 'bare' = 'store') {
  const store = new FakeHoldingStore();
  const applied: string[] = [];
  const letters: DeadLetter[] = [];
  const naps = new Naps();
  const world = {
    nowMs: 0,
    whenMissing: 'ignore' as WhenMissing,
    answer: (workflowId: string): Verdict => (workflowId === 'bad' ? busy : done),
  };
  const ports = enginePorts({
    ...{ observer: silent, ...(how === 'bare' ? {} : { store }) },
    decide: (record) => {
      const { offset, key } = record;
      const position = topicPosition(record);
      const event = { id: offset, type: 't', occurredAt: '', position, data: {} };
      const where = { whenMissing: world.whenMissing, whenClosed: 'leave-closed' } as const;
      const workflowId = key?.toString() ?? '';
      const command = { kind: 'signal', workflowId, event, ...where } as const;
      return [{ kind: 'dispatch', route: 'r', park, command }];
    },
    dispatch: (request) => {
      if (request.kind !== 'signal') return Promise.reject(new Error(request.kind));
      const verdict = world.answer(request.workflowId);
      if (verdict === done) applied.push(...request.events.map(({ id }) => id));
      return Promise.resolve(verdict);
    },
    recall: () => Promise.resolve({ kind: 'running' }),
    inboxOf: () => Promise.resolve({ kind: 'seen', inbox: undefined }),
    publishDeadLetter: (letter) => {
      letters.push(letter);
      return Promise.resolve();
    },
    sleep: naps.sleep,
    clock: () => world.nowMs,
  });
  const engine = new Engine(ports, limits);
  const epoch = engine.assigned([{ ...at, from: 0n }]);
  await settle();
  let next = 0;
  const deliver = async (...keys: readonly string[]): Promise<void> => {
    const records = keys.map((key, n) =>
      aRecord({ ...at, offset: String(next + n), key: Buffer.from(key) }),
    );
    next += keys.length;
    engine.deliver({ ...at, epoch, next: BigInt(next) }, records);
    await settle();
  };
  const wake = async (): Promise<void> => {
    world.nowMs += 20_000;
    void naps.wake();
    await settle();
  };
  const tend = async (): Promise<void> => {
    // What is doubted is asked for in one turn, and tried in the next.
    for (let turn = 0; turn < 3; turn += 1) {
      await engine.tend();
      await wake();
    }
  };
  const watermark = (): number => Number([...engine.windows][0]?.offsets.watermark());
  const held = () =>
    store.rows.map(({ held: { offset, state, reason }, ended }) => {
      return [offset, ended ?? state, reason];
    });
  return { engine, world, applied, letters, deliver, wake, tend, watermark, held, store };
}

/** So many records of workflows that get on. */
const others = (count: number): string[] => Array.from({ length: count }, (_, n) => `good ${n}`);

test('F1, F2: the head goes out of the way when all else is done, and its lane behind it', async () => {
  const { deliver, wake, watermark, held, applied, tend, world, engine } = await stage(true);
  await deliver('bad', ...others(170), 'bad');
  await wake();
  await wake();
  await wake();
  expect([watermark(), held()]).toEqual([0, []]);
  await deliver(...others(10));
  await wake();
  expect(watermark()).toBe(182);
  expect(held()).toEqual([
    ['0', 'redriving', 'head-of-line'],
    ['171', 'behind', 'behind'],
  ]);
  // Tried on, it holds up nothing, and what comes later does not pile up in its lane (F4).
  await tend();
  await deliver('bad', ...others(3));
  await tend();
  expect([watermark(), engine.idle]).toEqual([186, true]);
  expect(held().map(([, state]) => state)).toEqual(['redriving', 'behind', 'behind']);
  world.answer = () => done;
  await tend();
  await tend();
  expect(held().map(([, state]) => state)).toEqual(['redriven', 'delivered', 'delivered']);
  expect(applied.filter((id) => ['0', '171', '182'].includes(id))).toEqual(['0', '171', '182']);
});

test('a lane that fills the window alone is moved whole, in its order', async () => {
  const { deliver, wake, watermark, held, applied, tend, world } = await stage(true);
  await deliver(...Array<string>(95).fill('bad'), 'good');
  await wake();
  // It may get on in a moment.
  expect([watermark(), held()]).toEqual([0, []]);
  await wake();
  expect(watermark()).toBe(96);
  expect(held()).toHaveLength(95);
  world.answer = () => done;
  await tend();
  await tend();
  expect(applied).toEqual(['95', ...Array.from({ length: 95 }, (_, n) => String(n))]);
});

test('F3: where many lanes are busy, none is moved', async () => {
  const { deliver, wake, watermark, held, world } = await stage(true);
  world.answer = () => busy;
  await deliver('bad', ...others(95));
  await wake();
  await wake();
  expect([watermark(), held()]).toEqual([0, []]);
});

test.each([
  ['its route skips', false, 'store'],
  ['there is no store', true, 'bare'],
] as const)('nothing is moved where %s; the lane is named', async (_, park, how) => {
  const { deliver, wake, watermark, held, engine } = await stage(park, how);
  await deliver('bad', ...others(190));
  await wake();
  await wake();
  expect([watermark(), held()]).toEqual([0, []]);
  expect(engine.state().partitions[0]).toMatchObject({ headLanes: ['bad'] });
});

test('what was moved can be discarded; what is behind it goes on', async () => {
  const { deliver, wake, tend, held, store, world, applied } = await stage(true);
  await deliver('bad', ...others(190), 'bad');
  await wake();
  await wake();
  await tend();
  const [head] = store.rows;
  if (head !== undefined) head.ended = 'discarded';
  world.answer = () => done;
  await tend();
  await tend();
  expect(held().map(([offset, state]) => [offset, state])).toEqual([
    ['0', 'discarded'],
    ['191', 'delivered'],
  ]);
  expect(applied.filter((id) => ['0', '191'].includes(id))).toEqual(['191']);
});

test('what was moved and is refused in the end is a dead letter, with its letter', async () => {
  const { deliver, wake, tend, held, world, letters } = await stage(true);
  await deliver('bad', ...others(190));
  await wake();
  await wake();
  expect(letters).toEqual([]);
  world.answer = () => ({ kind: 'reject', reason: 'refused-arguments', detail: 'no' });
  await tend();
  expect(held()).toEqual([['0', 'dead', 'refused-arguments']]);
  expect(letters).toMatchObject([{ reason: 'refused-arguments', workflowId: 'bad' }]);
});

test('what was moved, and finds its workflow gone, waits for it as its route says', async () => {
  const { deliver, wake, tend, held, world } = await stage(true);
  world.whenMissing = { parkMs: 1_000_000 };
  await deliver('bad', ...others(190));
  await wake();
  await wake();
  expect(held()).toEqual([['0', 'redriving', 'head-of-line']]);
  world.answer = () => ({ kind: 'missing' });
  await tend();
  expect(held()).toEqual([['0', 'waiting', 'workflow-missing']]);
});
