/** What dead letters tell of their records, by the way that they really take. */
import { expect, test } from 'vitest';
import type { Command } from '../../../src/bridges/matching/command.js';
import { deadLetterHeaders } from '../../../src/bridges/holding/dead-letter-headers.js';
import type { DeadLetter } from '../../../src/bridges/holding/dead-letters.js';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { silent } from '../../../src/bridges/engine/observer.js';
import type { Verdict } from '../../../src/bridges/engine/verdict.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import type { Decision } from '../../../src/bridges/matching/route.js';
import { enginePorts, Naps, settle } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { aRecord } from '../../support/records.js';

const at = { topic: 'shop.events', generation: '0', partition: 0 };
const record = aRecord({ ...at, offset: '0' });
const event = {
  ...{ id: 'e', type: 'e', occurredAt: '2024-01-01T00:00:00.000Z', data: {} },
  position: topicPosition(record),
};
const signal: Command = {
  ...{ kind: 'signal', workflowId: 'order:1', event },
  ...{ whenMissing: { parkMs: 60_000 }, whenClosed: 'leave-closed' },
};
const effect: Command = {
  ...{ kind: 'run', activity: 'mail', key: 'k', takes: 'list', event, startToCloseMs: 1 },
};
const busy: Verdict = { kind: 'retry', scope: 'lane', cause: 'busy', code: 'resource-exhausted' };
const refused: Verdict = { kind: 'reject', reason: 'refused-arguments', detail: 'no' };

/** One record, what is decided on it, and what Temporal answers, one after the other. */
async function stage(
  decision: Decision,
  answers: readonly Verdict[],
  how: 'store' | 'bare' = 'bare',
) {
  const letters: DeadLetter[] = [];
  const naps = new Naps();
  const left = [...answers];
  const world = { nowMs: 1_000 };
  const store = new FakeHoldingStore(() => world.nowMs);
  const ports = enginePorts({
    ...{ observer: silent, ...(how === 'bare' ? {} : { store }) },
    decide: () => [decision],
    dispatch: () => Promise.resolve(left.shift() ?? refused),
    recall: () => Promise.resolve({ kind: 'running' }),
    inboxOf: () => Promise.resolve({ kind: 'missing' }),
    publishDeadLetter: (letter) => {
      letters.push(letter);
      return Promise.resolve();
    },
    sleep: naps.sleep,
    clock: () => world.nowMs,
  });
  const engine = new Engine(ports);
  const epoch = engine.assigned([{ ...at, from: 0n }]);
  await settle();
  engine.deliver({ ...at, epoch, next: 1n }, [record]);
  await settle();
  const wake = (): Promise<void> => {
    world.nowMs += 500;
    return naps.wake();
  };
  const headers = () => letters.map((letter) => deadLetterHeaders(letter, 'g', 9_000));
  return { engine, world, wake, headers };
}

const dispatch = (command: Command): Decision => ({
  ...{ kind: 'dispatch', route: 'r', park: false, command },
});

test('how often it was tried, since when, and for which workflow', async () => {
  const { wake, headers } = await stage(dispatch(signal), [busy, busy, refused]);
  await wake();
  await wake();
  expect(headers()).toMatchObject([
    {
      '__dlq.errors.delivery.count': '3',
      '__headrace.errors.queue': 'order:1',
      '__headrace.errors.workflow.id': 'order:1',
      '__headrace.errors.first.failed.at': '1970-01-01T00:00:01.000Z',
    },
  ]);
});

test('an effect is of no workflow', async () => {
  const answer = (status: 'retry' | 'reject'): Verdict => ({
    ...{ kind: 'ran', outcomes: [{ status, reason: 'no' }] },
  });
  const { wake, headers } = await stage(dispatch(effect), [answer('retry'), answer('reject')]);
  await wake();
  const [letter = {}] = headers();
  expect(letter).toMatchObject({
    '__dlq.errors.delivery.count': '2',
    '__headrace.errors.queue': 'run:mail:k',
    '__headrace.errors.first.failed.at': '1970-01-01T00:00:01.000Z',
  });
  expect(Object.keys(letter)).not.toContain('__headrace.errors.workflow.id');
});

test('what nobody could read failed once, and now', async () => {
  const reject = { kind: 'reject', route: 'r', reason: 'undecodable-json', detail: 'no' } as const;
  const { headers } = await stage({ ...reject, park: false }, []);
  const [letter = {}] = headers();
  expect(letter).toMatchObject({
    '__dlq.errors.delivery.count': '1',
    '__headrace.errors.first.failed.at': '1970-01-01T00:00:09.000Z',
  });
  expect(Object.keys(letter)).not.toContain('__headrace.errors.workflow.id');
});

test('what waited for its workflow in vain was tried at every look', async () => {
  const missing: Verdict = { kind: 'missing' };
  const { engine, world, headers } = await stage(
    dispatch(signal),
    [missing, missing, missing, refused],
    'store',
  );
  for (const nowMs of [10_000, 20_000, 30_000]) {
    world.nowMs = nowMs;
    await engine.tend();
    await settle();
  }
  expect(headers()).toMatchObject([
    {
      '__dlq.errors.delivery.count': '4',
      '__headrace.errors.workflow.id': 'order:1',
      '__headrace.errors.first.failed.at': '1970-01-01T00:00:01.000Z',
    },
  ]);
});

test('what was given up at its deadline was not tried once more', async () => {
  const missing: Verdict = { kind: 'missing' };
  const { engine, world, headers } = await stage(dispatch(signal), [missing], 'store');
  world.nowMs = 100_000;
  await engine.tend();
  await settle();
  expect(headers()).toMatchObject([
    {
      '__dlq.errors.delivery.count': '1',
      '__headrace.errors.workflow.id': 'order:1',
      '__headrace.errors.first.failed.at': '1970-01-01T00:00:01.000Z',
    },
  ]);
});
