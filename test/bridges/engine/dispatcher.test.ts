/** What waits, for whatever reason, holds up no other lane: it keeps no place in flight. */
import { expect, test } from 'vitest';
import type { Command } from '../../../src/bridges/matching/command.js';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { defaultLimits, type EnginePorts } from '../../../src/bridges/engine/engine-ports.js';
import { type Observer, silent } from '../../../src/bridges/engine/observer.js';
import type { Request } from '../../../src/bridges/engine/request.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import type { Verdict } from '../../../src/bridges/engine/verdict.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { aRecord } from '../../support/records.js';

const limits = { ...defaultLimits, inFlight: { floor: 2, start: 2, ceiling: 2 } };
const assignment = { topic: 'shop.events', generation: '0', partition: 0, from: 0n };

/** A stage whose sleeps end when told, and whose workflows answer as `answers` says. */
async function stage(answers: (workflowId: string) => Verdict, store = new FakeHoldingStore()) {
  const sent: (readonly [string, ...string[]])[] = [];
  const naps: (() => void)[] = [];
  const attempts: number[] = [];
  const observer: Observer = {
    ...silent,
    retrying: (_what, _retry, attempt) => void attempts.push(attempt),
  };
  const ports: EnginePorts = {
    ...{ groupId: 'g', store, observer },
    decide: (record) => [{ kind: 'dispatch', route: 'r', park: false, command: aSignal(record) }],
    dispatch: (request) => {
      sent.push([addressOf(request), ...idsOf(request)]);
      return Promise.resolve(answers(addressOf(request)));
    },
    recall: () => Promise.resolve({ kind: 'running' }),
    inboxOf: () => Promise.resolve({ kind: 'missing' }),
    bury: () => Promise.resolve(),
    pause: () => undefined,
    resume: () => undefined,
    sleep: () => new Promise((wake) => void naps.push(wake)),
    random: () => 0,
    now: () => 0,
    clock: () => 0,
    halt: (cause) => {
      throw new Error(`halted: ${cause}`);
    },
    lost: () => undefined,
  };
  const engine = new Engine(ports, limits);
  const epoch = engine.assigned([assignment]);
  await settle();
  let next = 0;
  const deliver = (...keys: readonly string[]): Promise<void> => {
    const records = keys.map((key, at) =>
      aRecord({ offset: String(next + at), key: Buffer.from(key) }),
    );
    next += keys.length;
    engine.deliver({ ...assignment, epoch, next: BigInt(next) }, records);
    return settle();
  };
  const wake = (): Promise<void> => {
    for (const nap of naps.splice(0)) nap();
    return settle();
  };
  const watermark = (): bigint | undefined => [...engine.windows][0]?.offsets.watermark();
  return { engine, deliver, wake, sent, attempts, watermark };
}

const busy: Verdict = { kind: 'retry', scope: 'lane', cause: 'busy', code: 'resource-exhausted' };

test('B4: more busy workflows than may be in flight hold up no other', async () => {
  const { deliver, sent } = await stage((id) => (id === 'good' ? { kind: 'done' } : busy));
  await deliver('busy 1', 'busy 2', 'busy 3', 'good');
  expect(sent.map(([id]) => id)).toEqual(['busy 1', 'busy 2', 'busy 3', 'good']);
});

test('D4: a busy workflow gets its events in their order, what came meanwhile included', async () => {
  let isBusy = true;
  const { deliver, wake, sent, attempts, watermark, engine } = await stage(() =>
    isBusy ? busy : { kind: 'done' },
  );
  await deliver('a');
  await deliver('a', 'a');
  await wake();
  isBusy = false;
  expect(watermark()).toBe(0n);
  await wake();
  expect(sent).toEqual([
    ['a', '0'],
    ['a', '0', '1', '2'],
    ['a', '0', '1', '2'],
  ]);
  expect(attempts).toEqual([1, 2]);
  expect(watermark()).toBe(3n);
  expect(engine.inFlight).toBe(0);
});

test('D4: of a request that is split, nothing overtakes what must be tried again', async () => {
  let tries = 0;
  const { deliver, wake, sent } = await stage((id) => {
    tries += 1;
    if (id === 'first' || tries > 4) return { kind: 'done' };
    // Together they are refused; alone the first is taken, and the second finds a busy workflow.
    return tries === 2
      ? { kind: 'reject', reason: 'payload-too-large', detail: '' }
      : tries === 4
        ? busy
        : { kind: 'done' };
  });
  await deliver('a');
  await deliver('a', 'a', 'a');
  await wake();
  await wake();
  expect(sent).toEqual([
    ['a', '0'],
    ['a', '1', '2', '3'],
    ['a', '1'],
    ['a', '2'],
    ['a', '2', '3'],
  ]);
});

test('D5: while the store is away, what is to be held holds up no other workflow', async () => {
  const store = new FakeHoldingStore();
  let isAway = true;
  const hold = store.hold.bind(store);
  store.hold = (token, held) =>
    isAway ? Promise.reject(new Error('Postgres is away')) : hold(token, held);
  const refused: Verdict = { kind: 'reject', reason: 'refused-arguments', detail: '' };
  const answers = (id: string): Verdict => (id === 'good' ? { kind: 'done' } : refused);
  const { engine, deliver, wake, sent, watermark } = await stage(answers, store);
  await deliver('bad 1', 'bad 2', 'bad 3', 'good');
  expect(sent.at(-1)?.[0]).toBe('good');
  expect(watermark()).toBe(0n);
  isAway = false;
  await wake();
  expect(watermark()).toBe(4n);
  expect(engine.idle).toBe(true);
});

test('while the store is away, nothing is sent of partitions that were just given', async () => {
  const store = new FakeHoldingStore();
  let isAway = true;
  const claim = store.claim.bind(store);
  store.claim = (group, partitions) =>
    isAway ? Promise.reject(new Error('Postgres is away')) : claim(group, partitions);
  const { deliver, wake, sent, watermark } = await stage(() => ({ kind: 'done' }), store);
  await deliver('a', 'b');
  expect(sent).toEqual([]);
  isAway = false;
  await wake();
  expect(sent.map(([id]) => id)).toEqual(['a', 'b']);
  expect(watermark()).toBe(2n);
});

function aSignal(record: KafkaRecord): Command {
  const { offset, key } = record;
  const position = topicPosition(record);
  const event = { id: offset, type: 't', occurredAt: '', position, data: {} };
  const workflowId = key?.toString() ?? '';
  return { kind: 'signal', workflowId, event, whenMissing: 'ignore', whenClosed: 'leave-closed' };
}

function addressOf(request: Request): string {
  return 'workflowId' in request ? request.workflowId : request.activity;
}

function idsOf(request: Request): string[] {
  return 'events' in request ? request.events.map(({ id }) => id) : [request.event.id];
}

/** Everything that can go on without a sleep's end has gone on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}
