import { expect, test } from 'vitest';
import { PartitionWindow } from '../../src/bridges/window.js';

const at = { topic: 't', generation: '0', partition: 0 };
const limits = { records: 4, bytes: 100, span: 1_000 };

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
