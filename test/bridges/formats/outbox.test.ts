import { expect, test } from 'vitest';
import { z } from 'zod';
import { application } from '../../../src/bridges/matching/application-source.js';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import { aChange, aJsonRecord, aRecord } from '../../support/records.js';

const id = '7b1f5e2c-0d0a-4b57-9a47-6a3f6c1c3f10';
const data = { paymentId: '7', cardToken: 'tok_9' };
const headers = { id: Buffer.from(id), eventType: Buffer.from('card.updated') };
const expected = {
  kind: 'application',
  event: {
    id,
    type: 'card.updated',
    occurredAt: '2024-03-29T18:40:00.000Z',
    data,
    attributes: { aggregate: '1001' },
  },
};
const json = { type: 'string', optional: true, name: 'io.debezium.data.Json' };

test.each([
  ['expanded', data],
  ['expanded, with its schema', { schema: { type: 'struct', fields: [] }, payload: data }],
  ['as text in a JSON string', JSON.stringify(data)],
  ['as text, with its schema', { schema: json, payload: JSON.stringify(data) }],
])('a payload %s', (_, content) => {
  expect(openEnvelope(aJsonRecord(content, { headers }))).toEqual(expected);
});

test('the type may come in a header `type`; converters may quote headers and key', () => {
  const quoted = {
    id: JSON.stringify(id),
    type: JSON.stringify({ schema: { type: 'string' }, payload: 'card.updated' }),
  };
  const key = Buffer.from('"1001"');
  expect(openEnvelope(aJsonRecord(data, { headers: quoted, key }))).toEqual(expected);
});

test('a payload that is a whole application event keeps its time, under the id of its row', () => {
  const whole = { id: 'inner', type: 'card.updated', occurredAt: '2024-01-01T00:00:00Z', data };
  expect(openEnvelope(aJsonRecord(whole, { headers }))).toMatchObject({
    event: { id, occurredAt: '2024-01-01T00:00:00Z', data },
  });
});

test('a payload of plain text is the data', () => {
  expect(openEnvelope(aJsonRecord('hello', { headers }))).toMatchObject({
    event: { data: 'hello' },
  });
});

test('without id or type it is no outbox record; a change stays a change', () => {
  const typeOnly = { eventType: headers.eventType };
  expect(openEnvelope(aJsonRecord(data, { headers: typeOnly })).kind).toBe('plain');
  expect(openEnvelope(aJsonRecord(aChange({ op: 'd' }), { headers })).kind).toBe('change');
});

test('a row without a payload is an event whose data is null, and no deletion of anything', () => {
  expect(openEnvelope(aRecord({ headers, value: null }))).toMatchObject({
    ...{ kind: 'tombstone', event: { ...expected.event, data: null } },
  });
  const source = application({ type: 'card.updated', topic: 'cards', data: z.null() });
  const record = aRecord({ headers, value: null });
  expect(source.read(openEnvelope(record), record)).toMatchObject({ event: { id, data: null } });
  const deleted = aRecord({ value: null });
  expect(openEnvelope(deleted)).toEqual({ kind: 'tombstone' });
  expect(source.read(openEnvelope(deleted), deleted)).toMatchObject({ kind: 'no-match' });
});
