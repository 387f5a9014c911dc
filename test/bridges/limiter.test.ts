import { expect, test } from 'vitest';
import { backoffMs, Limiter } from '../../src/bridges/limiter.js';

test('halves when the server is overloaded, and climbs back one by one', () => {
  const limiter = new Limiter({ floor: 2, ceiling: 16 });
  limiter.overloaded();
  expect(limiter.limit).toBe(8);
  for (let answer = 0; answer < 8; answer += 1) limiter.accepted();
  expect(limiter.limit).toBe(9);
});

test('stays between floor and ceiling', () => {
  const limiter = new Limiter({ floor: 2, ceiling: 4 });
  for (let turn = 0; turn < 9; turn += 1) limiter.overloaded();
  expect(limiter.limit).toBe(2);
  for (let answer = 0; answer < 99; answer += 1) limiter.accepted();
  expect(limiter.limit).toBe(4);
});

test('backoff doubles up to five seconds, with jitter', () => {
  expect(backoffMs(0, 0)).toBe(50);
  expect(backoffMs(0, 0.999)).toBe(100);
  expect(backoffMs(1, 0)).toBe(100);
  expect(backoffMs(1_000, 0.999)).toBeLessThanOrEqual(5_000);
});
