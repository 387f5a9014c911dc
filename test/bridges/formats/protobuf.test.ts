import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { protobufReader } from '../../../src/bridges/formats/protobuf.js';
import { aSchema } from '../../support/registered.js';

const money = `syntax = "proto3"; package shop;
message Unused {}
message Money { string currency = 1; confluent.type.Decimal amount = 2; }
import "confluent/type/decimal.proto";`;

const card = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "confluent/meta.proto";
import "money.proto";
option (confluent.file_meta) = { doc: "cards" };
enum Kind { NONE = 0; DEBIT = 1; }
message First { string a = 1; }
message CardUpdated {
  message Inner { int64 big = 1 [(confluent.field_meta) = { doc: "a number" }]; }
  string id = 1;
  string type = 2;
  google.protobuf.Timestamp occurred_at = 3;
  Inner data = 4;
  Kind kind = 5;
  repeated uint64 numbers = 6;
  map<string, sint64> limits = 7;
  bytes photo = 8;
  google.protobuf.StringValue note = 9;
  google.protobuf.Int64Value count = 10;
  Money price = 11;
  optional int32 maybe = 12;
  oneof choice { string left = 13; string right = 14; }
  double rate = 15;
}`;
const schema = aSchema('PROTOBUF', card, [{ name: 'money.proto', text: money }]);

/** Fields as tag and bytes, by hand: what another implementation would send. */
const sent = protobuf.Writer.create()
  .uint32(10)
  .string('e1')
  .uint32(18)
  .string('card.updated')
  .uint32(26)
  .bytes(protobuf.Writer.create().uint32(8).int64('1711737600').uint32(16).int32(5e8).finish())
  .uint32(34)
  .bytes(protobuf.Writer.create().uint32(8).int64('9007199254740993').finish())
  .uint32(40)
  .int32(1)
  .uint32(50)
  .bytes(protobuf.Writer.create().uint64(7).uint64('18446744073709551615').finish())
  .uint32(58)
  .bytes(protobuf.Writer.create().uint32(10).string('day').uint32(16).sint64(-5).finish())
  .uint32(66)
  .bytes(Buffer.from([1, 2, 255]))
  .uint32(82)
  .bytes(protobuf.Writer.create().uint32(8).int64(3).finish())
  .uint32(90)
  .bytes(
    protobuf.Writer.create()
      .uint32(10)
      .string('EUR')
      .uint32(18)
      .bytes(
        protobuf.Writer.create()
          .uint32(10)
          .bytes(Buffer.from([0x61, 0x9f]))
          .uint32(24)
          .int32(2)
          .finish(),
      )
      .finish(),
  )
  .uint32(114)
  .string('R')
  .finish();

test('a message: names as in the file, exact numbers, defaults where a field has no presence', () => {
  const read = protobufReader(schema);
  // One index, 1 (zigzag 2): the second message of the file.
  expect(read(Buffer.concat([Buffer.from([2, 2]), sent]))).toEqual({
    id: 'e1',
    type: 'card.updated',
    occurred_at: '2024-03-29T18:40:00.500Z',
    data: { big: '9007199254740993' },
    kind: 'DEBIT',
    numbers: [7, '18446744073709551615'],
    limits: { day: -5 },
    photo: 'AQL/',
    note: null,
    count: 3,
    price: { currency: 'EUR', amount: '249.91' },
    right: 'R',
    rate: 0,
  });
});

test('the message index: a single 0 is the first message, a path leads to a nested one', () => {
  const read = protobufReader(schema);
  expect(read(Buffer.from([0, 10, 1, 65]))).toEqual({ a: 'A' });
  expect(read(Buffer.from([4, 2, 0, 8, 7]))).toEqual({ big: 7 });
  for (const index of [
    [2, 8],
    [4, 2, 2],
    [2, 1],
    [255, 255, 255, 255, 15],
  ]) {
    expect(() => read(Buffer.from([...index, 10, 1, 65]))).toThrow(Error);
  }
});

test('what is no schema, or lacks a type, is refused when it is loaded', () => {
  const lacking = 'syntax = "proto3"; import "gone.proto"; message A { gone.B b = 1; }';
  for (const text of ['message {', lacking]) {
    expect(() => protobufReader(aSchema('PROTOBUF', text))).toThrow(Error);
  }
});

test('random bytes never hang and never come back as anything but plain values', () => {
  const read = protobufReader(schema);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        const value = read(Buffer.concat([Buffer.from([2, 2]), bytes]));
        const floats = JSON.stringify(value, (_, item: unknown) =>
          typeof item === 'number' && !Number.isFinite(item) ? 0 : item,
        );
        expect(floats).toBeTypeOf('string');
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 3_000 },
  );
});
