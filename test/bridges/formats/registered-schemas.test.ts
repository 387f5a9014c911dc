import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import { RegisteredSchemas } from '../../../src/bridges/formats/registered-schemas.js';
import {
  RegistryUnavailable,
  type SchemaText,
  type UnknownSchema,
} from '../../../src/bridges/formats/schema-registry.js';
import { aRecord } from '../../support/records.js';
import { aSchema, orderChangeAvro, wireFormat } from '../../support/registered.js';

const text = aSchema('AVRO', '"string"');
const hello = Buffer.from([10, ...Buffer.from('hello')]);

function aRegistry(answers: Readonly<Record<number, SchemaText | UnknownSchema | Error>>) {
  const asked: number[] = [];
  let now = 0;
  const schemas = new RegisteredSchemas(
    (id) => {
      asked.push(id);
      const answer = answers[id] ?? { unknown: `the registry knows no schema ${String(id)}` };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    () => now,
  );
  const open = (value: Buffer) => openEnvelope(aRecord({ value }), (bytes) => schemas.read(bytes));
  return { schemas, asked, open, pass: (ms: number) => (now += ms) };
}

test('R2: a schema is fetched once, however many records and batches name it', async () => {
  const { schemas, asked, open } = aRegistry({ 7: text });
  const value = wireFormat(7, hello);
  const records = [aRecord({ value }), aRecord({ value }), aRecord(), aRecord({ value: hello })];
  await Promise.all([schemas.prepare(records), schemas.prepare(records)]);
  expect(schemas.prepare(records)).toBeUndefined();
  expect(asked).toEqual([7]);
  expect(open(value)).toEqual({ kind: 'plain', content: 'hello' });
});

test('R3: an unknown schema rejects the record, and is asked for again after a minute', async () => {
  const answers: Record<number, SchemaText> = {};
  const { schemas, asked, open, pass } = aRegistry(answers);
  const records = [aRecord({ value: wireFormat(7, hello) })];
  await schemas.prepare(records);
  expect(open(wireFormat(7, hello))).toEqual({
    kind: 'unreadable',
    reason: 'unknown-schema',
    detail: 'the registry knows no schema 7',
  });
  expect(schemas.prepare(records)).toBeUndefined();
  answers[7] = text;
  pass(60_001);
  // Between the minute's end and the answer it is still what was known.
  expect(open(wireFormat(7, hello))).toMatchObject({ reason: 'unknown-schema' });
  await schemas.prepare(records);
  expect(open(wireFormat(7, hello))).toMatchObject({ kind: 'plain' });
  expect(asked).toEqual([7, 7]);
});

test('R3: a registry that does not answer is the moment’s fault', async () => {
  const answers: Record<number, SchemaText | Error> = { 7: new RegistryUnavailable('away') };
  const { schemas, open } = aRegistry(answers);
  const records = [aRecord({ value: wireFormat(7, hello) })];
  await expect(schemas.prepare(records)).rejects.toThrow(RegistryUnavailable);
  answers[7] = text;
  await schemas.prepare(records);
  expect(open(wireFormat(7, hello))).toMatchObject({ kind: 'plain' });
});

test.each([
  ['no schema', aSchema('AVRO', '{')],
  ['no Protobuf', aSchema('PROTOBUF', 'message {')],
  ['another type', { ...text, type: 'XML' }],
])('%s: what the registry answers cannot be used, and the detail says so', async (_, schema) => {
  const { schemas, open } = aRegistry({ 7: schema });
  await schemas.prepare([aRecord({ value: wireFormat(7, hello) })]);
  const envelope = open(wireFormat(7, hello));
  expect(envelope).toMatchObject({ kind: 'unreadable', reason: 'unknown-schema' });
  expect(envelope.kind === 'unreadable' && envelope.detail).toContain(`schema 7 (${schema.type})`);
});

test('bytes that do not fit their schema are the record’s fault', async () => {
  const { schemas, open } = aRegistry({ 7: text });
  await schemas.prepare([aRecord({ value: wireFormat(7, hello) })]);
  expect(open(wireFormat(7, Buffer.from([20, 1])))).toMatchObject({ reason: 'undecodable-bytes' });
});

test('a record that nobody prepared is nobody’s dead letter', () => {
  const { open } = aRegistry({ 7: text });
  expect(() => open(wireFormat(7, hello))).toThrow('was not prepared');
});

test('random bytes under any header never throw', async () => {
  const { schemas, open } = aRegistry({
    1: aSchema('AVRO', orderChangeAvro),
    2: aSchema('PROTOBUF', 'syntax = "proto3"; message A { string a = 1; A b = 2; }'),
    3: aSchema('JSON', { type: 'object' }),
  });
  const ids = fc.constantFrom(1, 2, 3, 4);
  await fc.assert(
    fc.asyncProperty(ids, fc.uint8Array({ maxLength: 100 }), async (id, bytes) => {
      const value = wireFormat(id, bytes);
      await schemas.prepare([aRecord({ value })]);
      expect(open(value).kind).toBeTypeOf('string');
    }),
    { numRuns: 3_000 },
  );
});
