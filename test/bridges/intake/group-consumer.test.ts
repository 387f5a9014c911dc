/** What a consumer needs is there, whoever made the client that was handed in. */
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { createConsumer } from '../../../src/bridges/intake/group-consumer.js';

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
const { Snappy, LZ4, ZSTD } = CompressionTypes;
const codecOf = (type: number): unknown => (CompressionCodecs[type as 2] as () => unknown)();

const create = (): void => {
  const kafka = new Kafka({ brokers: ['nowhere:1'], logLevel: logLevel.NOTHING });
  const self = { host: 'here', pid: 1 };
  createConsumer(kafka, { groupId: 'g', topics: ['t'], sessionTimeoutMs: 10_000, self });
};

test('every kind of batch is read, also by a client of somebody else', () => {
  const another = { compress: undefined, decompress: undefined };
  CompressionCodecs[LZ4] = () => another;
  for (const type of [Snappy, ZSTD]) expect(() => codecOf(type)).toThrow('not implemented');
  create();
  const [snappy, zstd] = [Snappy, ZSTD].map(codecOf);
  expect(snappy).toHaveProperty('decompress');
  expect(zstd).toHaveProperty('decompress');
  create();
  expect([codecOf(Snappy), codecOf(ZSTD)]).toEqual([snappy, zstd]);
  // What somebody has chosen for the process stays.
  expect(codecOf(LZ4)).toBe(another);
});
