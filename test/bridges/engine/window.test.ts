import { expect, test } from 'vitest';
import { sizeOf } from '../../../src/bridges/engine/own-bytes.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import { PartitionWindow } from '../../../src/bridges/engine/window.js';
import { aRecord } from '../../support/records.js';

const at = { topic: 't', generation: '0', partition: 0 };
const limits = {
  records: 4,
  bytes: 100,
  span: 1_000,
  heldUp: { full: 0.9, done: 0.98, forMs: 1_000 },
};

test('B5: full by records, easy again below half', () => {
  const window = new PartitionWindow(at, 1, limits);
  for (let offset = 0n; offset < 4n; offset += 1n) window.deliver(offset, 1);
  expect(window.isFull()).toBe(true);
  window.settle(0n, 1);
  window.settle(1n, 1);
  expect(window.isFull()).toBe(false);
  expect(window.isEasy()).toBe(false);
  window.settle(2n, 1);
  expect(window.isEasy()).toBe(true);
});

test('B5: full by bytes, however few the records', () => {
  const window = new PartitionWindow(at, 1, limits);
  window.deliver(0n, 100);
  expect(window.isFull()).toBe(true);
});

test('B5: full by span: one stuck record does not let a restart replay without bound', () => {
  const window = new PartitionWindow(at, 1, limits);
  window.deliver(0n, 1);
  window.deliver(999n, 1);
  window.settle(999n, 1);
  expect(window.isFull()).toBe(true);
});

test('what is held is reached when everything before it was delivered', () => {
  const window = new PartitionWindow({ ...at, from: 5n }, 1, limits);
  expect([4n, 5n].map((offset) => window.hasReached(offset))).toEqual([true, false]);
  window.deliver(7n, 1);
  expect([7n, 8n].map((offset) => window.hasReached(offset))).toEqual([true, false]);
});

test('B6: what waits keeps its own bytes, and not the fetch that it came with', () => {
  const fetched = Buffer.from(`${'x'.repeat(100_000)}key{"value":1}one two`);
  const slice = (text: string): Buffer => {
    const from = fetched.indexOf(text);
    return fetched.subarray(from, from + text.length);
  };
  const recordAt = (offset: number): KafkaRecord =>
    aRecord({
      ...{ ...at, offset: String(offset), key: slice('key'), value: slice('{"value":1}') },
      headers: { many: [slice('one'), 'text'], ['__proto__']: slice('two'), none: Buffer.alloc(0) },
    });
  const window = new PartitionWindow(at, 1, limits);
  const records = [0, 1, 2].map(recordAt);
  const [settled, waits, fresh] = records as [KafkaRecord, KafkaRecord, KafkaRecord];
  const enter = (record: KafkaRecord): void => {
    window.deliver(BigInt(record.offset), sizeOf(record));
    window.enter(BigInt(record.offset), record);
  };
  enter(settled);
  enter(waits);
  window.keepWaiting();
  // It has not waited yet, and may be gone in a moment.
  expect(waits.value?.buffer).toBe(fetched.buffer);
  window.leave(0n);
  enter(fresh);
  window.keepWaiting();
  const { key, value, headers } = waits;
  expect(waits).toEqual(recordAt(1));
  expect(Object.keys(headers)).toEqual(['many', '__proto__', 'none']);
  const kept = [key, value, ...Object.values(headers).flat()].flatMap((one) =>
    Buffer.isBuffer(one) ? [one.buffer] : [],
  );
  expect(new Set(kept).size).toBe(1);
  expect(kept[0]?.byteLength).toBe('key{"value":1}onetwo'.length);
  expect([settled, fresh].map(({ value: bytes }) => bytes?.buffer)).toEqual([
    fetched.buffer,
    fetched.buffer,
  ]);
  window.keepWaiting();
  expect(fresh.value?.buffer).not.toBe(fetched.buffer);
  // What was copied stays as it is.
  expect(waits.value).toBe(value);
});

test('bytes of a record are those of its key, its value and its headers', () => {
  const headers = { a: Buffer.alloc(3), bc: ['x', Buffer.alloc(2)], ['n']: undefined };
  const record = aRecord({ ...at, key: Buffer.alloc(5), value: null, headers });
  expect(sizeOf(record)).toBe(5 + 1 + 3 + 2 + 3 + 1);
  expect(sizeOf(aRecord({ ...at, key: null, value: null, headers: {} }))).toBe(0);
});

test('what waits in Kafka is as old as the last record that was fetched', () => {
  const window = new PartitionWindow(at, 1, limits);
  window.deliver(0n, 1);
  window.settle(0n, 1);
  window.arrive([aRecord({ timestamp: '1000' })], 1n);
  expect(window.state().oldestUnsettledMs).toBeUndefined();
  window.arrive([aRecord({ timestamp: '1000' })], 2n);
  expect(window.state().oldestUnsettledMs).toBe(1_000);
  window.deliver(1n, 1);
  window.enter(1n, aRecord({ ...at, offset: '1', timestamp: '2000' }));
  expect(window.state().oldestUnsettledMs).toBe(2_000);
});

test('what was fetched and cannot be decided on yet counts as unsettled, and is as old as its first', () => {
  const window = new PartitionWindow({ ...at, from: 10n }, 1, limits);
  expect(window.state()).toMatchObject({ watermark: 10n, highWatermark: undefined, waits: false });
  const batches = [
    [aRecord({ offset: '10', timestamp: '1000' }), aRecord({ offset: '11', timestamp: '2000' })],
    [aRecord({ offset: '12', timestamp: '3000' })],
  ];
  for (const batch of [...batches, ...batches]) window.wait(batch, 40n);
  const waiting = { watermark: 10n, highWatermark: 40n, waits: true, unsettled: 3 };
  expect(window.state()).toMatchObject({ ...waiting, oldestUnsettledMs: 1_000, fill: 0 });
  for (const batch of batches) window.arrive(batch, 41n);
  expect(window.state()).toMatchObject({ highWatermark: 41n, waits: false, unsettled: 0 });
});

test('the end of the log is learnt from others while nothing is fetched, and only then', () => {
  const window = new PartitionWindow({ ...at, from: 0n }, 1, limits);
  const end = (): bigint | undefined => window.state().highWatermark;
  window.learnEnd(7n);
  expect(end()).toBe(7n);
  window.arrive([aRecord({ offset: '0', timestamp: '1000' })], 8n);
  // What has just been written is fetched in a moment, and is no backlog of an hour ago.
  window.learnEnd(9n);
  expect(end()).toBe(8n);
  window.paused = true;
  window.learnEnd(20n);
  expect(end()).toBe(20n);
  window.learnEnd(19n);
  expect(end()).toBe(20n);
});
