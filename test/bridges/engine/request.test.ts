import { expect, test } from 'vitest';
import type { Command } from '../../../src/bridges/matching/command.js';
import { introductionOf, requestSize } from '../../../src/bridges/engine/request.js';
import { anEvent } from '../../support/records.js';

const limits = { events: 3, bytes: 100 };
const base = { workflowId: 'w', event: anEvent() };
const reach = { whenMissing: 'ignore', whenClosed: 'leave-closed' } as const;
const listing = { attributes: {}, summary: '' };
const opening = { workflow: 'recover', settings: {}, listing, whenClosed: 'leave-closed' };
const signal: Command = { ...base, kind: 'signal', ...reach };
const start = { ...base, ...opening, kind: 'start' } as Command;
const both = { ...base, ...opening, kind: 'signalWithStart' } as Command;
const run = { ...base, kind: 'run', activity: 'a', key: 'k', startToCloseMs: 1 } as const;
const list: Command = { ...run, takes: 'list' };
const single: Command = { ...run, takes: 'one' };
const cancel: Command = { ...base, ...reach, kind: 'cancel', reason: 'r' };
const update: Command = { ...base, ...reach, kind: 'update', update: 'u' };
const again = { ...both, whenClosed: 'start-again' } as Command;

test.each([
  ['signals join', [signal, signal], 2],
  ['a start goes alone', [start, signal], 1],
  ['signal-with-start takes later signals along', [both, signal, both], 3],
  ['a signal does not take a later signal-with-start along', [signal, both], 1],
  ['another policy is another request', [both, again], 1],
  ['a list of runs joins', [list, list], 2],
  ['a run of one goes alone', [single, single], 1],
  ['an update goes alone', [update, signal], 1],
  ['a cancellation goes alone, and joins nothing', [signal, cancel], 1],
  ['no more events than the limit', [signal, signal, signal, signal], 3],
] as const)('%s', (_, commands, size) => {
  expect(
    requestSize(
      commands.map((command) => ({ command, bytes: 1 })),
      limits,
    ),
  ).toBe(size);
});

test('bytes are bounded, but one event always goes', () => {
  const sized = (...bytes: number[]) => bytes.map((each) => ({ command: signal, bytes: each }));
  expect(requestSize(sized(60, 40, 1), limits)).toBe(2);
  expect(requestSize(sized(5_000), limits)).toBe(1);
});

test('what may start carries its events in the argument, or as a signal', () => {
  if (both.kind !== 'signalWithStart') throw new Error('not one that may start');
  const events = [anEvent(), anEvent({ id: 'e2' })];
  const { start: first, signal: second } = introductionOf(both, events, []);
  expect(first).toMatchObject({ kind: 'start', workflowId: 'w', events, again: false });
  expect(second).toEqual({ kind: 'signal', workflowId: 'w', events, skipped: [] });
});
