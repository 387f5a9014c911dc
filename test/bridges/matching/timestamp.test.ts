/** A record with a time that no date reaches is rejected for it; it is neither lost nor misnamed. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { application, message } from '../../../src/bridges/matching/application-source.js';
import { change } from '../../../src/bridges/matching/change-source.js';
import type { EventSource } from '../../../src/bridges/matching/event-source.js';
import { operation } from '../../../src/bridges/matching/predicate.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import { defineRoute, routeTable } from '../../../src/bridges/matching/route.js';
import { isoMoment, writtenAt } from '../../../src/bridges/matching/timestamp.js';
import { tombstone } from '../../../src/bridges/matching/tombstone-source.js';
import type { Event } from '../../../src/workflows/index.js';
import { aChange, aJsonRecord, aRecord, order1001 } from '../../support/records.js';

type Seen = Event<'seen'>;

const [type, topic] = ['seen', 'sightings'] as const;
const timestamp = '9223372036854775807';
const any = z.unknown();
const data = (content: unknown): unknown => content;

function decide(source: EventSource<Seen>, record: KafkaRecord) {
  const table = routeTable([defineRoute('see', { type, sources: [source] }, '', () => undefined)]);
  return table.decide(record);
}

const ofApplication = application<Seen>({ type, topic, data: any });
const row = z.looseObject({});
const ofChange = change<Seen, z.output<typeof row>, z.input<typeof row>>({
  ...{ type, topic, row, data, when: () => operation('insert') },
});
const inserted = (of: object, at: object): unknown => {
  const made = aChange({ op: 'c', after: order1001 });
  return { ...made, ...of, source: { ...(made['source'] as object), ...at } };
};

test.each([
  ['a message', message<Seen, unknown>({ type, topic, content: any, data }), aJsonRecord({ a: 1 })],
  ['a tombstone', tombstone<Seen, unknown>({ type, topic, key: any, data }), aRecord()],
  [
    'a change that tells no time',
    ofChange,
    aJsonRecord(inserted({ ts_ms: null }, { ts_ms: null })),
  ],
  [
    'a CloudEvent that tells no time',
    ofApplication,
    aJsonRecord({ specversion: '1.0', id: '7', source: '/shop', type, data: {} }),
  ],
  [
    'a row of the outbox',
    ofApplication,
    aJsonRecord({}, { headers: { id: Buffer.from('7'), eventType: Buffer.from(type) } }),
  ],
])('%s', (_, source, record) => {
  expect(decide(source, { ...record, topic })).toMatchObject([{ reason: 'not-concerned' }]);
  expect(decide(source, { ...record, topic, timestamp })).toMatchObject([
    {
      ...{ kind: 'reject', reason: 'schema-mismatch' },
      detail: `timestamp: ${timestamp} is beyond any date; it must be milliseconds since the epoch`,
    },
  ]);
});

test.each([
  ['source.ts_ms', inserted({}, { ts_ms: 8_640_000_000_000_001 })],
  ['ts_ms', inserted({ ts_ms: 8_640_000_000_000_001 }, { ts_ms: null })],
])('a change whose %s is none', (field, content) => {
  expect(decide(ofChange, aJsonRecord(content, { topic }))).toMatchObject([
    { kind: 'reject', detail: expect.stringMatching(`^${field}: 8640000000000001 is`) as string },
  ]);
});

test('every time that a date reaches is one', () => {
  expect(writtenAt({ timestamp: '1711737600000' })).toBe('2024-03-29T18:40:00.000Z');
  expect(writtenAt({ timestamp: '-1' })).toBe('1969-12-31T23:59:59.999Z');
  expect(isoMoment(8_640_000_000_000_000, 'at')).toBe('+275760-09-13T00:00:00.000Z');
});
