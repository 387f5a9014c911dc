/** Which requests the server takes for one. */
import { expect, test } from 'vitest';
import { factIdOf, requestIdOf } from '../../../src/bridges/engine/request-id.js';
import type { Event } from '../../../src/workflows/index.js';
import { anEvent } from '../../support/records.js';

const own = anEvent({ id: 'x', ownId: true });
const elsewhere: Partial<Event> = { position: { source: 'kafka:other#1/2', at: '7' } };
const idOf = (event: Event): string => factIdOf('run', 'notify', event);

test('a fact under an id of its own has one id wherever it is published', () => {
  expect(idOf({ ...own, ...elsewhere, occurredAt: 'later' })).toBe(idOf(own));
});

test.each([
  ['another id', { ...own, id: 'y' }],
  ['another type', { ...own, type: 'payment.succeeded' }],
  ['redriven, where that matters', { ...own, late: 'held' as const }],
])('%s is another', (_, other) => {
  expect(idOf(other)).not.toBe(idOf(own));
});

test('what is known by its place has the id of its place', () => {
  const event = anEvent();
  expect(idOf(event)).toBe(requestIdOf('run', 'notify', [event]));
  expect(idOf({ ...event, ...elsewhere })).not.toBe(idOf(event));
});

test('a request is known by the places of its events: the inbox decides what they are', () => {
  expect(requestIdOf('signal', 'w', [{ ...own, ...elsewhere }])).not.toBe(
    requestIdOf('signal', 'w', [own]),
  );
});

test('one that passes over something else is another, or the workflow would never hear of it', () => {
  const [event, skipped] = [anEvent(), anEvent({ id: 'y' })];
  const plain = requestIdOf('signal', 'w', [event]);
  expect(requestIdOf('signal', 'w', [event], [])).toBe(plain);
  expect(requestIdOf('signal', 'w', [event], [skipped])).not.toBe(plain);
  const over = { ...skipped, over: true } as const;
  expect(requestIdOf('signal', 'w', [event], [over])).not.toBe(
    requestIdOf('signal', 'w', [event], [skipped]),
  );
  expect(requestIdOf('signal', 'w', [event, skipped])).not.toBe(
    requestIdOf('signal', 'w', [event], [skipped]),
  );
});
