import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import { aChange, aJsonRecord, aRecord, order1001 } from '../../support/records.js';

test('a change event, without and with its embedded schema', () => {
  const change = aChange({ before: order1001, after: { ...order1001, status: 'confirmed' } });
  for (const content of [change, { schema: { type: 'struct' }, payload: change }]) {
    const envelope = openEnvelope(aJsonRecord(content));
    expect(envelope).toMatchObject({
      kind: 'change',
      change: { op: 'u', after: { order_id: 1001 } },
    });
  }
});

test('an application event', () => {
  const event = { id: 'e1', type: 'card.updated', occurredAt: '2024-03-29T18:40:00Z', data: {} };
  expect(openEnvelope(aJsonRecord(event))).toMatchObject({ kind: 'application', event });
});

test('numbers beyond a double are kept exact, as text', () => {
  const value = Buffer.from(
    '{"id":"1","type":"t","occurredAt":"2024-03-29T18:40:00Z","data":{"big":9007199254740993,"money":12345678901234567.89,"small":249.99}}',
  );
  expect(openEnvelope(aRecord({ value }))).toMatchObject({
    event: { data: { big: '9007199254740993', money: '12345678901234567.89', small: 249.99 } },
  });
});

test('a tombstone is no error', () => {
  expect(openEnvelope(aRecord())).toEqual({ kind: 'tombstone' });
});

test.each([
  ['not JSON', 'undecodable-json', '{"half":'],
  ['an unknown operation', 'schema-mismatch', JSON.stringify(aChange({ op: 'x' }))],
  ['a bad time', 'schema-mismatch', '{"id":"1","type":"t","occurredAt":"now","data":{}}'],
])('%s is unreadable', (_, reason, text) => {
  expect(openEnvelope(aRecord({ value: Buffer.from(text) }))).toMatchObject({
    kind: 'unreadable',
    reason,
  });
});

test.each(['{"hello":"world"}', '42', 'null'])('%s is JSON of another shape', (text) => {
  const content: unknown = JSON.parse(text);
  expect(openEnvelope(aRecord({ value: Buffer.from(text) }))).toEqual({ kind: 'plain', content });
});

test('a schema failure names the field', () => {
  const event = { id: '1', type: 't', occurredAt: 'now', data: {} };
  const envelope = openEnvelope(aJsonRecord(event));
  expect(envelope.kind === 'unreadable' && envelope.detail).toMatch(/^occurredAt: /);
});

const unlessBig = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;

test('random bytes, JSON and headers never throw', () => {
  const value = fc.oneof(
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc
      .record(
        { op: fc.anything(), source: fc.anything(), type: fc.anything(), data: fc.anything() },
        { requiredKeys: [] },
      )
      .map((content) => Buffer.from(JSON.stringify(content, unlessBig))),
    fc.json().map((text) => Buffer.from(`{"schema":${text},"payload":${text}}`)),
  );
  const names = fc.constantFrom(
    'id',
    'type',
    'eventType',
    'ce_specversion',
    'ce_id',
    'content-type',
  );
  const headers = fc.dictionary(names, fc.string());
  fc.assert(
    fc.property(value, headers, (bytes, told) => {
      expect(openEnvelope(aRecord({ value: bytes, headers: told })).kind).toBeTypeOf('string');
    }),
    { numRuns: 5_000 },
  );
});

test('JSON that is nested without end is the record’s fault', () => {
  const nestedAround = (text: string) => `${'['.repeat(501)}${text}${']'.repeat(501)}`;
  const texts = ['1', '9007199254740993', '"\\""'].map(nestedAround);
  for (const text of [...texts, `{"schema":{},"payload":${texts[0] ?? ''}}`]) {
    expect(openEnvelope(aRecord({ value: Buffer.from(text) }))).toMatchObject({
      kind: 'unreadable',
      reason: 'undecodable-json',
    });
  }
});

test('brackets in text are no nesting', () => {
  const content = { text: `"\\${'[{'.repeat(1_000)}` };
  expect(openEnvelope(aJsonRecord(content))).toEqual({ kind: 'plain', content });
});
