import { expect, test } from 'vitest';
import { createDecoder } from '../../../src/bridges/matching/decoder.js';
import { aJsonRecord, aRecord } from '../../support/records.js';
import { wireFormat } from '../../support/registered.js';

const registered = aRecord({ value: wireFormat(7, Buffer.from('x')) });
const json = aJsonRecord({ hello: 'world' });

test('without a registry its values are rejected, saying which variable is missing', () => {
  const decoder = createDecoder();
  expect(decoder.prepare([registered])).toBeUndefined();
  const envelope = decoder.open(registered);
  expect(envelope).toMatchObject({ kind: 'unreadable', reason: 'unknown-schema' });
  expect(envelope.kind === 'unreadable' && envelope.detail).toContain('SCHEMA_REGISTRY_URL');
  expect(decoder.open(json)).toMatchObject({ kind: 'plain' });
});

test('with a registry, values that name no schema ask it nothing', () => {
  const decoder = createDecoder({ registry: { url: 'http://127.0.0.1:1' } });
  const records = [json, aRecord(), aRecord({ value: Buffer.from([0, 0]) })];
  expect(decoder.prepare(records)).toBeUndefined();
  expect(records.map((record) => decoder.open(record).kind)).toEqual([
    'plain',
    'tombstone',
    'unreadable',
  ]);
});
