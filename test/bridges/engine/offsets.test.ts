import fc from 'fast-check';
import { expect, test } from 'vitest';
import { doneMap } from '../../../src/bridges/intake/done-map.js';
import { OffsetTracker } from '../../../src/bridges/engine/offsets.js';

test('B1: nothing is released past the first hole, in any order of completion', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(60), { minLength: 1 }).map((list) => list.sort((a, b) => a - b)),
      fc.infiniteStream(fc.nat()),
      (offsets, order) => {
        const tracker = new OffsetTracker();
        for (const offset of offsets) tracker.deliver(BigInt(offset));
        const open = [...offsets];
        for (const choice of order) {
          const [settled] = open.splice(choice % open.length, 1);
          if (settled === undefined) break;
          tracker.settle(BigInt(settled));
          const expected = open[0] ?? (offsets.at(-1) ?? 0) + 1;
          expect(tracker.watermark()).toBe(BigInt(expected));
          if (open.length === 0) break;
        }
      },
    ),
  );
});

test('B1: a gap in a compacted topic is not waited for', () => {
  const tracker = new OffsetTracker();
  tracker.deliver(3n);
  tracker.deliver(900n);
  tracker.settle(3n);
  expect(tracker.watermark()).toBe(900n);
  tracker.settle(900n);
  expect(tracker.watermark()).toBe(901n);
});

test('B1: transaction markers at the end of a batch are stepped over', () => {
  const tracker = new OffsetTracker();
  tracker.deliver(7n);
  tracker.advance(9n);
  expect(tracker.watermark()).toBe(7n);
  tracker.settle(7n);
  expect(tracker.watermark()).toBe(9n);
});

test('B2: settling twice, or what is not tracked, changes nothing', () => {
  const tracker = new OffsetTracker();
  tracker.deliver(1n);
  tracker.settle(0n);
  tracker.settle(1n);
  tracker.settle(1n);
  expect(tracker.unsettled).toBe(0);
  expect(tracker.watermark()).toBe(2n);
});

test('an offset delivered again in the same assignment is refused', () => {
  const tracker = new OffsetTracker();
  expect(tracker.deliver(5n)).toBe(true);
  expect(tracker.deliver(5n)).toBe(false);
  expect(tracker.deliver(4n)).toBe(false);
});

test('B1: what passes at once is released, unless something below it is open', () => {
  const tracker = new OffsetTracker();
  expect(tracker.pass(5n)).toBe(true);
  expect(tracker.watermark()).toBe(6n);
  tracker.deliver(6n);
  expect(tracker.pass(7n)).toBe(true);
  expect(tracker.pass(7n)).toBe(false);
  expect(tracker.watermark()).toBe(6n);
  expect(tracker.unsettled).toBe(1);
  tracker.settle(6n);
  expect(tracker.watermark()).toBe(8n);
});

test('runs: exactly what is settled above the watermark, and what was never there', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(60), { minLength: 1 }).map((list) => list.sort((a, b) => a - b)),
      fc.func(fc.constantFrom('open', 'settled', 'passed')),
      fc.nat(3),
      (offsets, fateOf, beyond) => {
        const tracker = new OffsetTracker();
        for (const offset of offsets) {
          if (fateOf(offset) === 'passed') tracker.pass(BigInt(offset));
          else tracker.deliver(BigInt(offset));
          if (fateOf(offset) === 'settled') tracker.settle(BigInt(offset));
        }
        const next = (offsets.at(-1) ?? 0) + 1 + beyond;
        tracker.advance(BigInt(next));
        const open = offsets.filter((offset) => fateOf(offset) === 'open');
        const done = doneMap(tracker.runs());
        for (let offset = 0; offset < next + 2; offset += 1) {
          const isAbove = open[0] !== undefined && offset > open[0] && offset < next;
          expect(done.has(BigInt(offset))).toBe(isAbove && !open.includes(offset));
        }
        expect(tracker.watermark()).toBe(BigInt(open[0] ?? next));
      },
    ),
  );
});

test('nothing delivered: nothing to commit', () => {
  expect(new OffsetTracker().watermark()).toBeUndefined();
});
