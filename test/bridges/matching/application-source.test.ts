/** Which events are known by an id of their own, and which by their place alone. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { application, message } from '../../../src/bridges/matching/application-source.js';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import type { EventSource } from '../../../src/bridges/matching/event-source.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import { aJsonRecord } from '../../support/records.js';

const type = 'parcel.seen';
const data = z.object({ at: z.string() });
const source = application({ type, topic: 'parcels', data });
const content = { at: 'the door' };

function identity(from: EventSource, record: KafkaRecord) {
  const reading = from.read(openEnvelope(record), record);
  if (reading.kind !== 'event') throw new Error(JSON.stringify(reading));
  const { id, ownId } = reading.event;
  return { id, ownId };
}

test.each([
  [
    'an application event',
    { id: '7', type, occurredAt: '2026-01-01T00:00:00Z', data: content },
    {},
  ],
  ['a CloudEvent', { specversion: '1.0', id: '7', source: '/shop', type, data: content }, {}],
  ['a row of the outbox', content, { id: Buffer.from('7'), eventType: Buffer.from(type) }],
])('%s: the id is its own, at whatever offset', (_, value, headers) => {
  const [one, other] = ['1', '2'].map((offset) =>
    identity(source, aJsonRecord(value, { offset, headers })),
  );
  expect(one?.id).toMatch(/^(\/shop )?7$/);
  expect([one?.ownId, other]).toEqual([true, one]);
});

test('any other message: its place is its id', () => {
  const from = message({ type, topic: 'parcels', content: data, data: (seen) => seen });
  const [one, other] = ['1', '2'].map((offset) => identity(from, aJsonRecord(content, { offset })));
  expect([one?.ownId, other?.ownId, one?.id === other?.id]).toEqual([undefined, undefined, false]);
});
