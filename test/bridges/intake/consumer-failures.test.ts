import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import {
  ConsumerFailures,
  failuresMax,
  type Reading,
} from '../../../src/bridges/intake/consumer-failures.js';

const { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } = kafkajs;

const at = (next: bigint, of: Partial<Reading> = {}): Reading => ({
  ...{ topic: 't', generation: 'g', partition: 0, next, logEnd: 100n, full: false },
  ...of,
});
const broken = new RangeError('beyond the buffer');
const retried = (cause: Error): Error =>
  new KafkaJSNumberOfRetriesExceeded(cause, { retryCount: 5, retryTime: 1, cause } as never);

/** What becomes of `times` deaths in a row, each of `error` while reading `of(time)`. */
function row(times: number, error: Error, of: (time: number) => readonly Reading[], livedMs = 100) {
  const deaths = new ConsumerFailures();
  return Array.from({ length: times }, (_, time) => deaths.died(error, of(time), livedMs));
}

test('D1: whoever reads on between two deaths comes back at once, as the first time', () => {
  const found = row(20, broken, (time) => [at(BigInt(time))]);
  expect(new Set(found.map(({ afterMs }) => afterMs))).toEqual(new Set([0]));
  expect(found.some(({ hopeless }) => hopeless !== undefined)).toBe(false);
});

test('D1: whoever does not rests for longer each time, but not for ever', () => {
  const found = row(12, broken, () => [at(100n)]);
  const rests = found.map(({ afterMs }) => afterMs);
  expect(rests.slice(0, 5)).toEqual([0, 500, 1_000, 2_000, 4_000]);
  expect(rests.at(-1)).toBe(30_000);
});

test('D1: a death after a long life is a first one', () => {
  expect(row(9, broken, () => [at(100n)], 61_000).every(({ afterMs }) => afterMs === 0)).toBe(true);
});

test.each([broken, retried(new Error('incorrect header check')), retried(corrupt())])(
  'D2: %s at the same place again and again halts, and names place and error',
  (error) => {
    const found = row(failuresMax, error, () => [at(12n), at(100n, { partition: 1 })]);
    expect(found.findIndex(({ hopeless }) => hopeless !== undefined)).toBe(failuresMax - 1);
    const said = found.at(-1)?.hopeless ?? '';
    expect(said).toContain('cannot be read: t/0 from offset 12 on; the last time of ');
    expect(said).toContain(error.message);
    expect(said).not.toContain('t/1');
  },
);

test('D2: one partition that is stuck is enough, though others go on', () => {
  const found = row(failuresMax, broken, (time) => [at(12n), at(BigInt(time), { partition: 1 })]);
  expect(found.at(-1)?.hopeless).toContain('t/0 from offset 12 on;');
});

test('D2: deaths are counted on when the partition was another’s in between', () => {
  const found = row(2 * failuresMax, broken, (time) =>
    time % 2 === 0 ? [at(12n)] : [at(100n, { partition: 1 })],
  );
  expect(found.filter(({ hopeless }) => hopeless !== undefined)).toHaveLength(1);
});

test.each([
  ['has nothing more', at(100n)],
  ['is full', at(12n, { full: true })],
])('D2: a partition that %s is not to blame', (_, reading) => {
  expect(row(20, broken, () => [reading]).some(({ hopeless }) => hopeless)).toBe(false);
});

test.each([
  new KafkaJSConnectionError('ECONNREFUSED'),
  retried(new KafkaJSConnectionError('ECONNREFUSED')),
  retried(
    new KafkaJSProtocolError({ type: 'NOT_LEADER_FOR_PARTITION', message: '', code: 6 } as never),
  ),
  new KafkaJSProtocolError({ type: 'UNKNOWN_MEMBER_ID', message: '', retriable: false } as never),
])('D3: %s passes', (error) => {
  const found = row(20, error, () => [at(12n)]);
  expect(found.some(({ hopeless }) => hopeless !== undefined)).toBe(false);
  expect(found.at(-1)?.afterMs).toBe(30_000);
});

function corrupt(): Error {
  return new KafkaJSProtocolError({
    ...{ type: 'CORRUPT_MESSAGE', code: 2, retriable: true },
    message: 'This message has failed its CRC checksum',
  } as never);
}
