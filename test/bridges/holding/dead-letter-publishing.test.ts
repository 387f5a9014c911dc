import { expect, test } from 'vitest';
import { type DeadLetter, DeadLetterRefused } from '../../../src/bridges/holding/dead-letters.js';
import { Engine } from '../../../src/bridges/engine/engine.js';
import type { Outcome } from '../../../src/bridges/engine/engine-ports.js';
import { silent } from '../../../src/bridges/engine/observer.js';
import { enginePorts, Naps, settle } from '../../support/engine-ports.js';
import { aRecord } from '../../support/records.js';

const assignment = { topic: 'shop.events', generation: '0', partition: 0, from: 0n };

/** An engine without a store, to which two records come that nobody can read. */
async function stage(publishDeadLetter: (letter: DeadLetter) => Promise<void>) {
  const halts: string[] = [];
  const outcomes: Outcome[] = [];
  const naps = new Naps();
  const never = () => Promise.reject(new Error('nothing is sent'));
  const ports = enginePorts({
    ...{
      publishDeadLetter,
      dispatch: never,
      recall: never,
      inboxOf: never,
    },
    observer: { ...silent, decided: (outcome) => void outcomes.push(outcome) },
    decide: () => [
      { kind: 'reject', route: 'r', reason: 'undecodable-json', detail: 'no', park: false },
    ],
    sleep: naps.sleep,
    halt: (cause) => void halts.push(cause),
  });
  const engine = new Engine(ports);
  const epoch = engine.assigned([assignment]);
  const records = ['0', '1'].map((offset) => aRecord({ offset }));
  engine.deliver({ ...assignment, epoch, next: 2n }, records);
  await settle();
  const wake = (): Promise<void> => naps.wake();
  const released = () => engine.releases().map(({ offset }) => Number(offset));
  return { engine, halts, outcomes, wake, released };
}

test('E3: a letter that can never be there halts, once, and its record is not released', async () => {
  const { engine, halts, outcomes, released } = await stage(({ record }) =>
    record.offset === '0' ? Promise.resolve() : Promise.reject(new DeadLetterRefused('too large')),
  );
  expect(halts).toEqual(['too large']);
  expect(released()).toEqual([1]);
  expect(outcomes).toHaveLength(1);
  engine.deliver({ ...assignment, epoch: 1, next: 3n }, [aRecord({ offset: '2' })]);
  expect(released()).toEqual([1]);
});

test('E1: a letter that nobody waits for any more releases nothing', async () => {
  let tries = 0;
  const { engine, halts, wake, outcomes, released } = await stage(() => {
    tries += 1;
    return Promise.reject(new Error('away'));
  });
  await wake();
  expect(tries).toBe(4);
  engine.stop();
  await wake();
  expect(tries).toBe(4);
  expect(released()).toEqual([0]);
  expect([halts, outcomes]).toEqual([[], []]);
});
