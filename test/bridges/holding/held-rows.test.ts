import { expect, test } from 'vitest';
import { instant } from '../../../src/bridges/holding/held-rows.js';

test('a time is one that Postgres reads, however late', () => {
  expect(instant(0)).toBe('1970-01-01T00:00:00.000Z');
  for (const late of [Infinity, Number.MAX_SAFE_INTEGER, Date.parse('+012000-01-01T00:00:00Z')]) {
    expect(instant(late)).toBe('9999-12-31T23:59:59.999Z');
  }
  expect(() => instant(NaN)).toThrow(RangeError);
});
