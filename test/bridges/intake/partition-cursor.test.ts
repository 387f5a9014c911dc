import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PartitionCursor } from '../../../src/bridges/intake/partition-cursor.js';

const cursorAt = (from: bigint) =>
  new PartitionCursor({ topic: 't', partition: 0, generation: 'g', from }, 1_000);

/** As a batch is taken: what is handed over moves the cursor on. */
function take(cursor: PartitionCursor, from: bigint, next: bigint): boolean {
  if (!cursor.continues(from, next)) return false;
  cursor.moveTo(next, 0);
  return true;
}

describe('a cursor in a partition', () => {
  it('R1: takes only what was fetched from where the last batch ended', () => {
    const cursor = cursorAt(10n);
    expect(take(cursor, 12n, 20n)).toBe(false);
    expect(take(cursor, 8n, 20n)).toBe(false);
    expect(cursor.next).toBe(10n);
    expect(take(cursor, 10n, 20n)).toBe(true);
    expect(take(cursor, 10n, 20n)).toBe(false);
    expect(take(cursor, 20n, 21n)).toBe(true);
    expect(cursor.next).toBe(21n);
  });

  it('R2: steps over control records that follow', () => {
    const cursor = cursorAt(10n);
    expect(cursor.passOver(10n, 11n, 0)).toBe(true);
    expect(cursor.next).toBe(11n);
    // Compaction left nothing of the batch: kafkajs goes on one by one.
    expect(cursor.passOver(undefined, 12n, 0)).toBe(true);
    expect(cursor.next).toBe(12n);
  });

  it('R2: what lies beyond is believed only when a second reading finds the same', () => {
    const cursor = cursorAt(10n);
    expect(cursor.passOver(30n, 31n, 0)).toBe(false);
    expect(cursor.next).toBe(10n);
    expect(cursor.passOver(30n, 31n, 0)).toBe(true);
    expect(cursor.next).toBe(31n);
    // A doubt does not outlive what was read meanwhile.
    expect(cursor.passOver(40n, 41n, 0)).toBe(false);
    expect(take(cursor, 31n, 35n)).toBe(true);
    expect(cursor.passOver(40n, 41n, 0)).toBe(false);
  });

  it('R2: what lies behind changes nothing', () => {
    const cursor = cursorAt(10n);
    expect(cursor.passOver(3n, 5n, 0)).toBe(true);
    expect(cursor.next).toBe(10n);
  });

  it('R1: whatever comes in whatever order, no offset is stepped over that was not read', () => {
    const batches = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 5 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(batches, (fetched) => {
        const cursor = cursorAt(0n);
        const read = new Set<number>();
        for (const [from, length] of fetched) {
          if (!take(cursor, BigInt(from), BigInt(from + length))) continue;
          for (let offset = from; offset < from + length; offset += 1) {
            expect(read.has(offset)).toBe(false);
            read.add(offset);
          }
        }
        expect(read.size).toBe(Number(cursor.next));
      }),
    );
  });

  it('its signs: settled when the watermark moves, or when nothing is unsettled', () => {
    const cursor = cursorAt(0n);
    const state = {
      ...{ topic: 't', partition: 0, paused: false, bytes: 0, span: 0, fill: 0 },
      ...{ highWatermark: undefined, oldestUnsettledMs: undefined },
    };
    expect(cursor.signs({ ...state, unsettled: 0, watermark: 5n }, 2_000).settledAt).toBe(2_000);
    expect(cursor.signs({ ...state, unsettled: 1, watermark: 5n }, 3_000).settledAt).toBe(2_000);
    expect(cursor.signs({ ...state, unsettled: 1, watermark: 6n }, 4_000).settledAt).toBe(4_000);
    expect(cursor.signs({ ...state, unsettled: 1, watermark: 6n }, 5_000).settledAt).toBe(4_000);
    expect(cursor.signs({ ...state, unsettled: 0, watermark: 6n }, 6_000).settledAt).toBe(6_000);
  });
});
