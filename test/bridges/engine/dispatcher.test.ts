/** What waits, for whatever reason, holds up no other lane: it keeps no place in flight. */
import { expect, test } from 'vitest';
import type { Command } from '../../../src/bridges/matching/command.js';
import type { Recollection } from '../../../src/bridges/engine/request-executor.js';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { defaultLimits, type EnginePorts } from '../../../src/bridges/engine/engine-ports.js';
import { type Observer, silent } from '../../../src/bridges/engine/observer.js';
import type { Request } from '../../../src/bridges/engine/request.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import type { Verdict } from '../../../src/bridges/engine/verdict.js';
import { enginePorts, Naps, settle } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { aRecord } from '../../support/records.js';

const limits = {
  ...{ ...defaultLimits, runs: 2, singles: 2, questions: 3 },
  inFlight: { floor: 2, start: 2, ceiling: 2 },
};
const assignment = { topic: 'shop.events', generation: '0', partition: 0, from: 0n };

interface Scene {
  readonly store?: FakeHoldingStore;
  /** What a record asks for; a signal where it is not said. */
  readonly command?: (record: KafkaRecord) => Command;
  readonly recall?: EnginePorts['recall'];
}

type Answers = (address: string, request: Request) => Verdict | Promise<Verdict>;

/** A stage whose sleeps end when told, and whose workflows and activities answer as `answers` says. */
async function stage(answers: Answers, scene: Scene = {}) {
  const { store = new FakeHoldingStore(), command = aSignal } = scene;
  const { recall = () => Promise.resolve({ kind: 'running' }) } = scene;
  const sent: (readonly [string, ...string[]])[] = [];
  const naps = new Naps();
  const attempts: number[] = [];
  const observer: Observer = {
    ...silent,
    retrying: (_what, _retry, attempt) => void attempts.push(attempt),
  };
  const ports = enginePorts({
    ...{ store, observer },
    decide: (record) => [{ kind: 'dispatch', route: 'r', park: false, command: command(record) }],
    dispatch: (request) => {
      sent.push([addressOf(request), ...idsOf(request)]);
      return Promise.resolve(answers(addressOf(request), request));
    },
    recall,
    inboxOf: () => Promise.resolve({ kind: 'missing' }),
    sleep: naps.sleep,
  });
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
  const wake = (): Promise<void> => naps.wake();
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
  const { engine, deliver, wake, sent, watermark } = await stage(answers, { store });
  await deliver('bad 1', 'bad 2', 'bad 3', 'good');
  expect(sent.at(-1)?.[0]).toBe('good');
  expect(watermark()).toBe(0n);
  isAway = false;
  await wake();
  expect(watermark()).toBe(4n);
  expect(engine.idle).toBe(true);
});

test('D5: closed runs that nobody can be asked about hold up no other workflow', async () => {
  const exists: Verdict = { kind: 'exists' };
  const noAnswer = new Promise<Recollection>(() => undefined);
  const asked: string[] = [];
  const { deliver, sent, engine } = await stage(
    (id) => (id === 'good' ? { kind: 'done' } : exists),
    {
      command: aStart,
      recall: (id) => {
        asked.push(id);
        return noAnswer;
      },
    },
  );
  await deliver('closed 1', 'closed 2', 'closed 3', 'good');
  expect(asked).toEqual(['closed 1', 'closed 2', 'closed 3']);
  expect(sent.at(-1)?.[0]).toBe('good');
  expect(engine.idle).toBe(false);
});

test('D5: what was asked goes on, and its lane after it', async () => {
  let answer: (said: Recollection) => void = () => undefined;
  const { deliver, sent, watermark, engine } = await stage(
    (_id, request) =>
      request.kind === 'start' && !request.again ? { kind: 'exists' } : { kind: 'done' },
    { command: aStart, recall: () => new Promise((told) => (answer = told)) },
  );
  await deliver('a');
  await deliver('a');
  expect(sent).toEqual([['a', '0']]);
  answer({ kind: 'closed', inbox: undefined });
  await settle();
  expect(sent.slice(1)).toEqual([
    ['a', '0'],
    ['a', '1'],
  ]);
  expect(watermark()).toBe(1n);
  answer({ kind: 'running' });
  await settle();
  expect(watermark()).toBe(2n);
  expect(engine.inFlight).toBe(0);
});

const unfinished: Verdict = {
  ...{ kind: 'retry', scope: 'lane', cause: 'not over', code: 'effect-unfinished', begun: true },
};

test('D5, C5: effects that are not over hold up no others, and are asked how they stand', async () => {
  let isOver = false;
  const asked: (readonly [string, boolean | undefined])[] = [];
  const { deliver, wake, sent, attempts, watermark, engine } = await stage(
    (_activity, request) => {
      const [event] = request.kind === 'run' ? request.events : [];
      asked.push([event?.id ?? '', request.kind === 'run' ? request.begun : undefined]);
      return event?.data === 'good' || isOver ? { kind: 'done' } : unfinished;
    },
    { command: (record) => aRun(record, 'one') },
  );
  await deliver('stuck 1', 'stuck 2', 'stuck 3', 'good', 'stuck 1');
  expect(sent.map(([, id]) => id)).toEqual(['0', '1', '2', '3']);
  await wake();
  expect(asked.slice(4)).toEqual([
    ['0', true],
    ['1', true],
    ['2', true],
  ]);
  expect(attempts).toEqual([1, 1, 1, 2, 2, 2]);
  isOver = true;
  await wake();
  expect(asked.at(-1)).toEqual(['4', false]);
  expect(watermark()).toBe(5n);
  expect(engine.inFlight).toBe(0);
});

test('C5: what a list runs stays together until it is over, and other lists go on', async () => {
  let isOver = false;
  const { deliver, wake, sent, watermark } = await stage(
    (_activity, request) => {
      const events = request.kind === 'run' ? request.events : [];
      if (!isOver && events.some(({ data }) => data !== 'good')) return unfinished;
      return { kind: 'ran', outcomes: events.map(() => ({ status: 'done' })) };
    },
    { command: (record) => aRun(record, 'list') },
  );
  await deliver('stuck 1');
  await deliver('stuck 2');
  await deliver('good', 'stuck 1');
  expect(sent.map(([, ...ids]) => ids.join())).toEqual(['0', '1', '2']);
  isOver = true;
  await wake();
  expect(sent.slice(3).map(([, ...ids]) => ids.join())).toEqual(['0', '1', '3']);
  expect(watermark()).toBe(4n);
});

test('C5: a run that is gone is begun anew, from the head of its lane', async () => {
  const gone: Verdict = { kind: 'retry', scope: 'lane', cause: 'gone', code: 'effect-gone' };
  const answers: Verdict[] = [unfinished, gone];
  const asked: unknown[] = [];
  const { deliver, wake, watermark } = await stage(
    (_activity, request) => {
      asked.push(request.kind === 'run' && request.begun);
      return answers.shift() ?? { kind: 'done' };
    },
    { command: (record) => aRun(record, 'one') },
  );
  await deliver('a');
  await wake();
  await wake();
  expect(asked).toEqual([false, true, false]);
  expect(watermark()).toBe(1n);
});

test('C2: a workflow that was started by another hand gets the event, closed before or not', async () => {
  let isClosed = true;
  const { deliver, wake, sent, watermark } = await stage(
    (_id, { kind }) =>
      kind === 'start' ? { kind: 'exists' } : isClosed ? { kind: 'closed' } : { kind: 'done' },
    { command: (record) => ({ ...aStart(record), kind: 'signalWithStart' }) },
  );
  await deliver('a');
  expect(watermark()).toBe(0n);
  isClosed = false;
  await wake();
  expect(watermark()).toBe(1n);
  expect(sent).toHaveLength(4);
});

test('while the store is away, nothing is sent of partitions that were just given', async () => {
  const store = new FakeHoldingStore();
  let isAway = true;
  const claim = store.claim.bind(store);
  store.claim = (group, partitions) =>
    isAway ? Promise.reject(new Error('Postgres is away')) : claim(group, partitions);
  const { deliver, wake, sent, watermark } = await stage(() => ({ kind: 'done' }), { store });
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

function aStart(record: KafkaRecord): Command & { kind: 'start' } {
  const { event } = aSignal(record);
  const workflowId = record.key?.toString() ?? '';
  const listing = { attributes: {}, summary: '' };
  const about = { workflow: 'w', workflowId, event, settings: {}, listing };
  return { kind: 'start', ...about, whenClosed: 'start-again' };
}

function aRun(record: KafkaRecord, takes: 'one' | 'list'): Command {
  const { event } = aSignal(record);
  const key = record.key?.toString() ?? '';
  const about = { activity: 'a', key, event: { ...event, data: key }, startToCloseMs: 1 };
  return { kind: 'run', takes, ...about };
}

function addressOf(request: Request): string {
  return 'workflowId' in request ? request.workflowId : request.activity;
}

function idsOf(request: Request): string[] {
  return 'events' in request ? request.events.map(({ id }) => id) : [request.event.id];
}

/** Everything that can go on without a sleep's end has gone on. */
