import { expect, test } from 'vitest';
import type { Command } from '../../src/bridges/command.js';
import { requestOf, requestSize } from '../../src/bridges/request.js';
import { anEvent } from '../support/records.js';

const limits = { events: 3, bytes: 100 };
const base = { workflowId: 'w', event: anEvent() };
const listing = { attributes: {}, summary: '' };
const opening = { workflow: 'recover', args: [{}] as const, listing, whenClosed: 'leave-closed' };
const signal: Command = { ...base, kind: 'signal', whenMissing: 'ignore' };
const start = { ...base, ...opening, kind: 'start' } as Command;
const both = { ...base, ...opening, kind: 'signalWithStart' } as Command;
const again = { ...both, whenClosed: 'start-again' } as Command;

test.each([
  ['signals join', [signal, signal], 2],
  ['a start goes alone', [start, signal], 1],
  ['signal-with-start takes later signals along', [both, signal, both], 3],
  ['a signal does not take a later signal-with-start along', [signal, both], 1],
  ['another policy is another request', [both, again], 1],
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

test('one request carries the events of all its commands in order', () => {
  const second = { ...signal, event: anEvent({ id: 'e2' }) };
  const request = requestOf([both, second]);
  expect(request.kind).toBe('signalWithStart');
  expect(request.events.map(({ id }) => id)).toEqual(['e1', 'e2']);
});
