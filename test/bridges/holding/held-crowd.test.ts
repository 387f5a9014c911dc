/**
 * Many events that are passed over for one workflow, whose inbox remembers 256 holes: what is
 * discarded needs no room, what waits for a start needs none either, and what the inbox may have
 * forgotten is not told as redriven.
 */
import { expect, test } from 'vitest';
import type { Command } from '../../../src/bridges/matching/command.js';
import type { TemporalPort } from '../../../src/bridges/engine/request-executor.js';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { defaultLimits } from '../../../src/bridges/engine/engine-ports.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import type { Request } from '../../../src/bridges/engine/request.js';
import { Inbox } from '../../../src/workflows/inbox.js';
import type { Event } from '../../../src/workflows/index.js';
import { enginePorts, settle } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { aRecord } from '../../support/records.js';

type Kind = 'good' | 'refused' | 'refused again' | 'asked' | 'early' | 'start';
type Answer = Awaited<ReturnType<TemporalPort['inboxOf']>>;

const at = { topic: 'shop.events', generation: '0', partition: 0 };
const workflowId = 'w';

/** One workflow that runs; requests with a `refused` event are refused until they are mended. */
async function stage() {
  const store = new FakeHoldingStore();
  const inbox = new Inbox<Event>();
  const applied: string[] = [];
  const requests: Request[] = [];
  const world = { isMended: false, isSilent: false, isMissing: false };
  const answer = (): Answer =>
    world.isSilent
      ? { kind: 'retry', scope: 'all', cause: 'no worker', code: 'deadline-exceeded' }
      : { kind: 'seen', inbox: inbox.state() };
  const ports = enginePorts({
    store,
    decide: (record) => [{ kind: 'dispatch', route: 'r', park: false, command: commandOf(record) }],
    dispatch: (request) => {
      const events = 'events' in request ? request.events : [request.event];
      if (!world.isMended && events.some(({ data }) => String(data).startsWith('refused'))) {
        return Promise.resolve({ kind: 'reject', reason: 'refused-arguments', detail: '' });
      }
      if (request.kind === 'start') world.isMissing = false;
      if (world.isMissing) return Promise.resolve({ kind: 'missing' });
      requests.push(request);
      inbox.receive(events, 'skipped' in request ? request.skipped : []);
      for (let one = inbox.poll(); one !== undefined; one = inbox.poll()) applied.push(one.id);
      return Promise.resolve({ kind: 'done' });
    },
    recall: () => Promise.resolve({ kind: 'running' }),
    inboxOf: () => Promise.resolve(answer()),
    // A pace is kept by sleeping: here nobody does.
    sleep: () => Promise.resolve(),
  });
  const engine = new Engine(ports, defaultLimits);
  const epoch = engine.assigned([{ ...at, from: 0n }]);
  await settle();
  let next = 0;
  const deliver = async (...kinds: readonly Kind[]): Promise<void> => {
    const records = kinds.map((kind, n) =>
      aRecord({ ...at, offset: String(next + n), value: Buffer.from(kind) }),
    );
    next += kinds.length;
    engine.deliver({ ...at, epoch, next: BigInt(next) }, records);
    while (!engine.idle) await settle();
  };
  const tend = async (): Promise<void> => {
    for (let turn = 0; turn < 8; turn += 1) {
      await engine.tend();
      await settle();
    }
  };
  const holes = (): number => Object.values(inbox.state().holes).flat().length;
  const source = topicPosition(aRecord(at)).source;
  return { store, inbox, applied, requests, world, deliver, tend, holes, source };
}

function commandOf(record: KafkaRecord): Command {
  const data = record.value?.toString() as Kind;
  const again = data === 'refused again' ? { id: 'one fact', ownId: true as const } : {};
  const event = {
    ...{ id: record.offset, type: 'e', occurredAt: '2024-01-01T00:00:00.000Z', data },
    ...{ position: topicPosition(record), ...again },
  };
  const where = { whenMissing: 'dead-letter', whenClosed: 'leave-closed' } as const;
  const about = { workflow: 'w', settings: {}, listing: { attributes: {}, summary: '' } };
  switch (data) {
    case 'asked':
      return { kind: 'update', workflowId, update: 'u', event, ...where };
    case 'start':
      return { kind: 'start', workflowId, event, ...about, whenClosed: 'leave-closed' };
    default: {
      const whenMissing = data === 'early' ? { parkMs: 1_000_000 } : where.whenMissing;
      return { kind: 'signal', workflowId, event, ...where, whenMissing };
    }
  }
}

test('what is discarded needs no room: the one hole that is left is found, however many went', async () => {
  const { store, applied, world, deliver, tend, holes } = await stage();
  await deliver('refused', 'good');
  for (let round = 0; round < 5; round += 1) {
    await deliver(...Array<Kind>(100).fill('refused'), 'good');
    await store.discard(({ offset }) => offset !== '0');
    await tend();
  }
  await deliver('refused', 'good');
  expect(holes()).toBe(2);
  expect(store.rows.filter(({ untold }) => untold)).toEqual([]);
  // It never came so far that a dead letter holds up its workflow.
  expect(store.rows.filter(({ held }) => held.blocks)).toEqual([]);
  world.isMended = true;
  await store.redrive(({ offset }) => offset === '0');
  await tend();
  expect(applied.at(-1)).toBe('0');
  expect(store.rows[0]?.ended).toBe('redriven');
});

test('one fact at two places is one hole: discarded at one of them, it comes from the other', async () => {
  const { store, applied, world, deliver, tend, holes } = await stage();
  await deliver('refused again', 'refused again', 'good');
  expect(holes()).toBe(1);
  await store.discard(({ offset }) => offset === '1');
  await deliver('refused', 'good');
  expect(holes()).toBe(2);
  world.isMended = true;
  await store.redrive(({ offset }) => offset === '0');
  await tend();
  expect(applied).toEqual(['2', '4', 'one fact']);
});

test('what is on its way is not told as discarded, and may still come', async () => {
  const { store, applied, world, deliver, tend, holes } = await stage();
  await deliver('refused', 'good', 'refused', 'good');
  world.isMended = true;
  world.isSilent = true;
  await store.redrive(({ offset }) => offset === '0');
  await tend();
  expect([applied, store.rows[0]?.held.state]).toEqual([['1', '3'], 'redriving']);
  world.isSilent = false;
  await tend();
  expect([applied, store.rows[0]?.ended]).toEqual([['1', '3', '0'], 'redriven']);
  expect(holes()).toBe(1);
});

test('R3: what the inbox may have forgotten is not sent, and not told as redriven', async () => {
  const { store, inbox, applied, world, deliver, tend, source } = await stage();
  await deliver('refused', 'good');
  // Another bridge passes over more than an inbox remembers.
  const position = (n: number) => ({ source, at: String(1_000 + n).padStart(20, '0') });
  inbox.receive(
    [],
    Array.from({ length: 300 }, (_, n) => ({ id: `other-${String(n)}`, position: position(n) })),
  );
  await deliver('refused');
  world.isMended = true;
  await store.redrive();
  await tend();
  expect(store.rows.map(({ held, ended }) => [held.state, held.reason, ended])).toEqual([
    ['dead', 'inbox-forgot', undefined],
    ['redriving', 'refused-arguments', 'redriven'],
  ]);
  expect(applied).toEqual(['1', '2']);
  // A run that goes on with this inbox knows it, too.
  const { lost } = inbox.state();
  expect(Object.keys(lost ?? {})).toEqual([source]);
  expect(new Inbox<Event>(inbox.state()).state().lost).toEqual(lost);
});

test('what an update passes over is told with it, and comes when it is redriven', async () => {
  const { store, applied, requests, world, deliver, tend, holes } = await stage();
  await deliver('refused', 'asked');
  expect(requests).toMatchObject([{ kind: 'update', skipped: [{ id: '0' }] }]);
  expect(holes()).toBe(1);
  world.isMended = true;
  await store.redrive();
  await tend();
  expect(applied).toEqual(['1', '0']);
});

test('H6: any number may wait for a start, and each comes once it has come', async () => {
  const { store, applied, world, deliver, tend, holes } = await stage();
  world.isMissing = true;
  await deliver(...Array<Kind>(400).fill('early'), 'start', 'early');
  expect(applied).toEqual(['400']);
  await tend();
  const early = Array.from({ length: 400 }, (_, n) => String(n));
  expect(applied).toEqual(['400', ...early, '401']);
  expect(store.rows.filter(({ ended }) => ended !== 'delivered')).toEqual([]);
  expect(holes()).toBe(0);
  await deliver('good');
  expect(applied.at(-1)).toBe('402');
});

test('any number waits behind one, and the last of them costs no more than the first', async () => {
  const { store, applied, world, deliver } = await stage();
  world.isMissing = true;
  await deliver('early');
  for (let batch = 0; batch < 100; batch += 1) await deliver(...Array<Kind>(500).fill('early'));
  expect(store.rows.filter(({ held }) => held.state === 'behind')).toHaveLength(50_000);
  expect(applied).toEqual([]);
});
