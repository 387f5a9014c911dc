import { expect, test } from 'vitest';
import { type PartitionSigns, Watchdog } from '../../../src/bridges/intake/watchdog.js';

const limits = { consumerSilentMs: 100, partitionSilentMs: 50, unsettledMs: 200 };
const calm: PartitionSigns = {
  ...{ topic: 't', partition: 0, next: 5n, logEnd: 5n, paused: false },
  ...{ deliveredAt: 0, resumedAt: 0, unsettled: 0, settledAt: 0 },
};
const kinds = (watchdog: Watchdog, signs: PartitionSigns, now: number, consumerAt = now) =>
  watchdog.findings({ consumerAt, partitions: [signs] }, now).map(({ kind }) => kind);

test('all is well: nothing to read, nothing unsettled', () => {
  expect(kinds(new Watchdog(limits), calm, 1_000)).toEqual([]);
});

test('a consumer without a sign of life is found first', () => {
  expect(kinds(new Watchdog(limits), calm, 101, 0)).toEqual(['consumer-silent']);
});

test('D1: a partition that has more and brings nothing is told of once per place', () => {
  const watchdog = new Watchdog(limits);
  const behind = { ...calm, logEnd: 9n };
  expect(kinds(watchdog, behind, 51)).toEqual(['partition-silent']);
  expect(kinds(watchdog, behind, 90)).toEqual([]);
  expect(kinds(watchdog, { ...behind, next: 6n }, 90)).toEqual(['partition-silent']);
});

test('a partition that we paused is not silent, nor one that was resumed a moment ago', () => {
  expect(kinds(new Watchdog(limits), { ...calm, logEnd: 9n, paused: true }, 51)).toEqual([]);
  expect(kinds(new Watchdog(limits), { ...calm, logEnd: 9n, resumedAt: 40 }, 51)).toEqual([]);
});

test('D2: nothing settled for long is told of', () => {
  expect(kinds(new Watchdog(limits), { ...calm, unsettled: 1 }, 201)).toEqual(['nothing-settled']);
});
