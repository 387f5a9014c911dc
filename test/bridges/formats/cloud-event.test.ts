import { expect, test } from 'vitest';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import { aJsonRecord, aRecord } from '../../support/records.js';

const event = {
  specversion: '1.0',
  id: 'e1',
  source: '/shop/cards',
  type: 'card.updated',
  subject: 'payment/7',
  time: '2024-03-29T18:40:00+01:00',
  datacontenttype: 'application/json',
  traceparent: '00-ab-cd-01',
};
const data = { paymentId: '7', cardToken: 'tok_9' };
const expected = {
  kind: 'application',
  event: {
    id: '/shop/cards e1',
    type: 'card.updated',
    occurredAt: '2024-03-29T18:40:00+01:00',
    data,
    attributes: { source: '/shop/cards', subject: 'payment/7', traceparent: '00-ab-cd-01' },
  },
};
const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const binary = Object.fromEntries(
  Object.entries(event)
    .filter(([name]) => name !== 'datacontenttype')
    .map(([name, value]) => [`ce_${name}`, Buffer.from(value)]),
);

test('structured, said by its content type or by its shape', () => {
  const content = { ...event, data };
  expect(openEnvelope(aJsonRecord(content, { headers: structured }))).toMatchObject(expected);
  expect(openEnvelope(aJsonRecord(content))).toMatchObject(expected);
});

test('structured with data in base64', () => {
  const content = { ...event, data_base64: Buffer.from(JSON.stringify(data)).toString('base64') };
  expect(openEnvelope(aJsonRecord(content, { headers: structured }))).toMatchObject(expected);
});

test('binary: attributes from headers, data from the value', () => {
  for (const type of ['application/json', 'application/vnd.card+json; charset=utf-8', undefined]) {
    const headers = { ...binary, ...(type === undefined ? {} : { 'content-type': type }) };
    expect(openEnvelope(aJsonRecord(data, { headers }))).toMatchObject(expected);
  }
});

test('binary with text, with bytes, and without data', () => {
  const dataOf = (type: string, value: Buffer | null) => {
    const envelope = openEnvelope(aRecord({ value, headers: { ...binary, 'content-type': type } }));
    return envelope.kind === 'application' ? envelope.event.data : envelope;
  };
  expect(dataOf('text/plain', Buffer.from('{"half'))).toBe('{"half');
  expect(dataOf('image/png', Buffer.from([137, 80]))).toBe('iVA=');
  expect(dataOf('application/json', null)).toBeNull();
});

test('identity is source and id; without a time it is the time of the record', () => {
  const timeless = { ...event, time: undefined, source: '/other', data };
  expect(openEnvelope(aJsonRecord(timeless, { headers: structured }))).toMatchObject({
    event: { id: '/other e1', occurredAt: '2024-03-29T18:40:00.000Z' },
  });
});

test.each([
  ['specversion', '0.3'],
  ['id', ''],
  ['source', 7],
  ['type', undefined],
  ['time', 'yesterday'],
])('a wrong %s is named', (attribute, value) => {
  const content = { ...event, data, [attribute]: value };
  const envelope = openEnvelope(aJsonRecord(content, { headers: structured }));
  expect(envelope).toMatchObject({ kind: 'unreadable', reason: 'schema-mismatch' });
  expect(envelope.kind === 'unreadable' && envelope.detail).toContain(`${attribute}: `);
});

test('binary data that is not JSON although it should be is the record’s fault', () => {
  const record = aRecord({ value: Buffer.from('{"half'), headers: binary });
  expect(openEnvelope(record)).toMatchObject({ kind: 'unreadable', reason: 'undecodable-json' });
});
