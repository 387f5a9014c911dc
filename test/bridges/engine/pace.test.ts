import { expect, test } from 'vitest';
import { Pace } from '../../../src/bridges/engine/pace.js';

test('a burst goes at once, then so many a second; another lane is not concerned', () => {
  const pace = new Pace();
  const waits = Array.from({ length: 21 }, () => pace.sent('a', 0));
  expect(waits.slice(0, 19).every((wait) => wait === 0)).toBe(true);
  expect(waits.slice(19)).toEqual([50, 100]);
  expect(pace.sent('b', 0)).toBe(0);
  expect(pace.sent('a', 10_000)).toBe(0);
});
