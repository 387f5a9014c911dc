import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startOfDay, yesterday } from '../../src/workflows/day.js';

const hour = 3_600_000;
const zones = [
  'Etc/UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Asia/Beirut',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Pacific/Kiritimati',
  'Pacific/Pago_Pago',
];

describe('days', () => {
  it.each([
    ['Etc/UTC', '2026-03-29T02:30:00Z', '2026-03-28T00:00:00Z', 24],
    // At 02:30 of that night the clock has already been put forward.
    ['Europe/Berlin', '2026-03-29T01:30:00Z', '2026-03-27T23:00:00Z', 24],
    ['Europe/Berlin', '2026-03-30T00:30:00Z', '2026-03-28T23:00:00Z', 23],
    ['Europe/Berlin', '2026-10-26T01:30:00Z', '2026-10-24T22:00:00Z', 25],
    // Beirut skips midnight: the day begins at 01:00.
    ['Asia/Beirut', '2024-04-01T00:00:00Z', '2024-03-30T22:00:00Z', 23],
    ['Asia/Kolkata', '2026-01-02T00:00:00Z', '2025-12-31T18:30:00Z', 24],
  ])('%s: the day before %s begins at %s and has %i hours', (zone, now, begins, hours) => {
    const { fromMs, toMs } = yesterday(zone, Date.parse(now));
    expect(new Date(fromMs).toISOString()).toBe(new Date(begins).toISOString());
    expect((toMs - fromMs) / hour).toBe(hours);
  });

  it('tile in every zone: nothing falls between two nights', () => {
    const instants = fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2030, 0, 1) });
    fc.assert(
      fc.property(fc.constantFrom(...zones), instants, (zone, nowMs) => {
        const { fromMs, toMs } = yesterday(zone, nowMs);
        expect(toMs).toBeLessThanOrEqual(nowMs);
        expect(nowMs - toMs).toBeLessThan(25 * hour);
        expect(yesterday(zone, toMs)).toEqual({ fromMs, toMs });
        expect(yesterday(zone, fromMs).toMs).toBe(fromMs);
      }),
      { numRuns: 200 },
    );
  });

  it('refuse a zone that does not exist', () => {
    expect(() => startOfDay('Europe/Atlantis', '2026-01-01')).toThrow(RangeError);
  });
});
