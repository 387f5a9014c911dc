import avro, { type Schema } from 'avsc';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { avroReader } from '../../../src/bridges/formats/avro.js';
import { aSchema, orderChangeAvro } from '../../support/registered.js';

/** Encodes with the schema as it is, 64-bit integers given as bigints. */
function encode(schema: unknown, value: unknown, registered: readonly unknown[] = []): Buffer {
  const long = avro.types.LongType.__with({
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    toBuffer: (number: bigint) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(number);
      return bytes;
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (number: unknown) => typeof number === 'bigint',
    compare: () => 0,
  });
  const registry = { long };
  // avsc knows ours only by its bare name.
  const bare = (_: string, part: { type?: unknown } | null) =>
    part?.type === 'long' && !('name' in part) ? 'long' : part;
  const typeOf = (each: unknown) =>
    avro.Type.forSchema(JSON.parse(JSON.stringify(each), bare) as Schema, {
      registry,
      wrapUnions: 'never',
    });
  registered.forEach(typeOf);
  return typeOf(schema).toBuffer(value);
}

const row = {
  order_id: 9007199254740993n,
  status: 'confirmed',
  amount: Buffer.from([0x61, 0x9f]),
  tax: null,
  weight: { scale: 3, value: Buffer.from([2]) },
  volume: { scale: 0, value: Buffer.from([0xff]) },
  photo: Buffer.from([1, 2, 255]),
  tags: ['a', null],
  limits: { day: 5n, ever: -9223372036854775808n },
  created_at: 1711737600000000n,
};
const change = {
  before: null,
  after: row,
  source: {
    connector: 'postgresql',
    name: 'shop',
    ts_ms: 1711737600000n,
    db: 'ecommerce',
    sequence: '["24023128","24023400"]',
    schema: 'public',
    table: 'orders',
    lsn: 24023400n,
    ts_ns: 1711737600000000001n,
  },
  op: 'u',
  ts_ms: 1711737600123n,
};

test('a change looks as in JSON: exact integers and decimals as text, bytes base64', () => {
  const read = avroReader(aSchema('AVRO', orderChangeAvro));
  expect(read(encode(orderChangeAvro, change))).toEqual({
    before: null,
    after: {
      order_id: '9007199254740993',
      status: 'confirmed',
      amount: '249.91',
      tax: null,
      weight: '0.002',
      volume: '-1',
      photo: 'AQL/',
      tags: ['a', null],
      limits: { day: 5, ever: '-9223372036854775808' },
      created_at: 1711737600000000,
    },
    source: {
      connector: 'postgresql',
      name: 'shop',
      ts_ms: 1711737600000,
      db: 'ecommerce',
      sequence: '["24023128","24023400"]',
      schema: 'public',
      table: 'orders',
      lsn: 24023400,
      ts_ns: '1711737600000000001',
    },
    op: 'u',
    ts_ms: 1711737600123,
  });
});

test('types of other subjects, decimals of fixed, unions of numbers, enums, recursion', () => {
  const money = {
    type: 'fixed',
    name: 'Money',
    namespace: 'shop',
    size: 4,
    logicalType: 'decimal',
    precision: 9,
    scale: 2,
  };
  const schema = {
    type: 'record',
    name: 'Node',
    namespace: 'shop',
    fields: [
      { name: 'money', type: 'shop.Money' },
      { name: 'number', type: ['null', 'int', 'string', 'long'] },
      { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'], default: 'A' } },
      { name: 'next', type: ['null', 'Node'] },
    ],
  };
  const inner = { money: Buffer.from([255, 255, 255, 255]), number: 'x', kind: 'B', next: null };
  const value = { money: Buffer.from([0, 0, 0x61, 0x9f]), number: 7, kind: 'A', next: inner };
  const text = JSON.stringify(money);
  const read = avroReader(aSchema('AVRO', schema, [{ name: 'shop.Money', text }]));
  expect(read(encode(schema, value, [money]))).toEqual({
    money: '249.91',
    number: 7,
    kind: 'A',
    next: { money: '-0.01', number: 'x', kind: 'B', next: null },
  });
});

test('blocks of an array may carry their size', () => {
  const read = avroReader(aSchema('AVRO', { type: 'array', items: 'long' }));
  expect(read(Buffer.from([3, 4, 2, 4, 2, 6, 0]))).toEqual([1, 2, 3]);
});

test.each([
  ['an array of 2^50 items', { type: 'array', items: 'null' }],
  ['a map of 2^50 entries', { type: 'map', values: 'null' }],
  ['an array of 2^50 numbers', { type: 'array', items: 'long' }],
])('%s is refused at once', (_, schema) => {
  const read = avroReader(
    aSchema('AVRO', { type: 'record', name: 'R', fields: [{ name: 'a', type: schema }] }),
  );
  const long = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x08]);
  expect(() => read(long)).toThrow(/ends too early/);
});

test('bytes that are cut, or too many, are refused', () => {
  const read = avroReader(aSchema('AVRO', orderChangeAvro));
  const whole = encode(orderChangeAvro, change);
  for (let length = 0; length < whole.length; length += 1) {
    expect(() => read(whole.subarray(0, length))).toThrow(Error);
  }
  expect(() => read(Buffer.concat([whole, Buffer.from([0])]))).toThrow('trailing data');
});

test('random bytes never hang and never come back as anything but plain values', () => {
  const read = avroReader(aSchema('AVRO', orderChangeAvro));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        const value = read(Buffer.from(bytes));
        expect(JSON.parse(JSON.stringify(value))).toEqual(value);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 3_000 },
  );
});

test('what is no schema is refused when it is loaded', () => {
  for (const schema of ['{', '"nothing"', '{"type":"record"}', 'null']) {
    expect(() => avroReader(aSchema('AVRO', schema))).toThrow(Error);
  }
});
