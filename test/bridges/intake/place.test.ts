import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Place } from '../../../src/bridges/intake/place.js';

const placeAt = (from: bigint) =>
  new Place({ topic: 't', partition: 0, generation: 'g', from }, 1_000);

/** As a batch is taken: what is handed over moves the place on. */
function take(place: Place, from: bigint, next: bigint): boolean {
  if (!place.continues(from, next)) return false;
  place.moveTo(next, 0);
  return true;
}

describe('a place in a partition', () => {
  it('R1: takes only what was fetched from where the last batch ended', () => {
    const place = placeAt(10n);
    expect(take(place, 12n, 20n)).toBe(false);
    expect(take(place, 8n, 20n)).toBe(false);
    expect(place.next).toBe(10n);
    expect(take(place, 10n, 20n)).toBe(true);
    expect(take(place, 10n, 20n)).toBe(false);
    expect(take(place, 20n, 21n)).toBe(true);
    expect(place.next).toBe(21n);
  });

  it('R2: steps over control records that follow', () => {
    const place = placeAt(10n);
    expect(place.passOver(10n, 11n, 0)).toBe(true);
    expect(place.next).toBe(11n);
    // Compaction left nothing of the batch: kafkajs goes on one by one.
    expect(place.passOver(undefined, 12n, 0)).toBe(true);
    expect(place.next).toBe(12n);
  });

  it('R2: what lies beyond is believed only when a second reading finds the same', () => {
    const place = placeAt(10n);
    expect(place.passOver(30n, 31n, 0)).toBe(false);
    expect(place.next).toBe(10n);
    expect(place.passOver(30n, 31n, 0)).toBe(true);
    expect(place.next).toBe(31n);
    // A doubt does not outlive what was read meanwhile.
    expect(place.passOver(40n, 41n, 0)).toBe(false);
    expect(take(place, 31n, 35n)).toBe(true);
    expect(place.passOver(40n, 41n, 0)).toBe(false);
  });

  it('R2: what lies behind changes nothing', () => {
    const place = placeAt(10n);
    expect(place.passOver(3n, 5n, 0)).toBe(true);
    expect(place.next).toBe(10n);
  });

  it('R1: whatever comes in whatever order, no offset is stepped over that was not read', () => {
    const batches = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 5 })), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(batches, (fetched) => {
        const place = placeAt(0n);
        const read = new Set<number>();
        for (const [from, length] of fetched) {
          if (!take(place, BigInt(from), BigInt(from + length))) continue;
          for (let offset = from; offset < from + length; offset += 1) {
            expect(read.has(offset)).toBe(false);
            read.add(offset);
          }
        }
        expect(read.size).toBe(Number(place.next));
      }),
    );
  });

  it('its signs: settled when the watermark moves, or when nothing is unsettled', () => {
    const place = placeAt(0n);
    const state = {
      ...{ topic: 't', partition: 0, paused: false, bytes: 0, span: 0, fill: 0 },
      ...{ highWatermark: undefined, oldestUnsettledMs: undefined },
    };
    expect(place.signs({ ...state, unsettled: 0, watermark: 5n }, 2_000).settledAt).toBe(2_000);
    expect(place.signs({ ...state, unsettled: 1, watermark: 5n }, 3_000).settledAt).toBe(2_000);
    expect(place.signs({ ...state, unsettled: 1, watermark: 6n }, 4_000).settledAt).toBe(4_000);
    expect(place.signs({ ...state, unsettled: 1, watermark: 6n }, 5_000).settledAt).toBe(4_000);
    expect(place.signs({ ...state, unsettled: 0, watermark: 6n }, 6_000).settledAt).toBe(6_000);
  });
});
