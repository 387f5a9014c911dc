import { expect, test } from 'vitest';
import { SignalRate } from '../../../src/bridges/engine/signal-rate.js';

test('a burst goes at once, then so many a second; another lane is not concerned', () => {
  const signalRate = new SignalRate();
  const waits = Array.from({ length: 21 }, () => signalRate.sent('a', 0));
  expect(waits.slice(0, 19).every((wait) => wait === 0)).toBe(true);
  expect(waits.slice(19)).toEqual([50, 100]);
  expect(signalRate.sent('b', 0)).toBe(0);
  expect(signalRate.sent('a', 10_000)).toBe(0);
});
