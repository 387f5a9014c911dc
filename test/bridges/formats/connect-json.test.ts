import { expect, test } from 'vitest';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import { aChange, aJsonRecord, aRecord, order1001 } from '../../support/records.js';

const decimal = {
  type: 'bytes',
  name: 'org.apache.kafka.connect.data.Decimal',
  version: 1,
  parameters: { scale: '2', 'connect.decimal.precision': '12' },
};
const row = {
  type: 'struct',
  optional: true,
  fields: [
    { type: 'int64', field: 'order_id' },
    { ...decimal, field: 'amount' },
    {
      type: 'struct',
      name: 'io.debezium.data.VariableScaleDecimal',
      fields: [
        { type: 'int32', field: 'scale' },
        { type: 'bytes', field: 'value' },
      ],
      field: 'weight',
    },
    { type: 'array', items: decimal, field: 'rates' },
    { type: 'map', keys: { type: 'string' }, values: decimal, field: 'taxes' },
    { type: 'int64', name: 'io.debezium.time.MicroTimestamp', field: 'created_at' },
  ],
};
const schema = {
  type: 'struct',
  name: 'shop.public.orders.Envelope',
  fields: [
    { ...row, field: 'before' },
    { ...row, field: 'after' },
  ],
};

function afterOf(after: unknown): unknown {
  const payload = aChange({ op: 'c', after });
  const envelope = openEnvelope(aJsonRecord({ schema, payload }));
  return envelope.kind === 'change' ? envelope.change.after : envelope;
}

test('decimal.handling.mode=precise with its schema becomes what mode string would have sent', () => {
  const after = {
    order_id: 1001,
    amount: 'YZ8=',
    weight: { scale: 3, value: 'Ag==' },
    rates: ['AQ==', '/w=='],
    taxes: { vat: 'Cgo=' },
    created_at: 1711737600000000,
  };
  expect(afterOf(after)).toEqual({
    order_id: 1001,
    amount: '249.91',
    weight: '0.002',
    rates: ['0.01', '-0.01'],
    taxes: { vat: '25.70' },
    created_at: 1711737600000000,
  });
});

test('null stays null, what is absent stays absent', () => {
  expect(afterOf({ order_id: 1, amount: null, weight: null })).toEqual({
    order_id: 1,
    amount: null,
    weight: null,
  });
});

test('decimal.format=NUMERIC: the number itself, exact however long', () => {
  expect(afterOf({ amount: 249.99 })).toEqual({ amount: '249.99' });
  const payload = aChange({ op: 'c', after: { amount: 'HERE' } });
  const text = JSON.stringify({ schema, payload }).replace('"HERE"', '1234567890123456');
  const big = text.replace('1234567890123456', '12345678901234567890');
  for (const [value, exact] of [
    [text, '1234567890123456'],
    [big, '12345678901234567890'],
  ] as const) {
    const envelope = openEnvelope(aRecord({ value: Buffer.from(value) }));
    expect(envelope).toMatchObject({ change: { after: { amount: exact } } });
  }
});

test('a decimal that is none names its field', () => {
  expect(afterOf({ amount: 'not base64' })).toEqual({
    kind: 'unreadable',
    reason: 'schema-mismatch',
    detail: 'after.amount: is a decimal that is not base64',
  });
});

test('a schema without decimals, or none that makes sense, changes nothing', () => {
  const payload = aChange({ op: 'c', after: order1001 });
  for (const odd of [{}, null, 7, { type: 'struct' }, { type: 'struct', fields: [null, 3, {}] }]) {
    expect(openEnvelope(aJsonRecord({ schema: odd, payload }))).toEqual(
      openEnvelope(aJsonRecord(payload)),
    );
  }
});
