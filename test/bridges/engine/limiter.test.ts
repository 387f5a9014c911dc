import { expect, test } from 'vitest';
import { backoffMs, Limiter } from '../../../src/bridges/engine/limiter.js';

const options = { floor: 2, start: 16, ceiling: 64 };

/**
 * The usual limit (the median of many) before a server that serves `rate` requests per ms and takes
 * `base` ms at the least.
 */
function settle(limiter: Limiter, base: number, rate: number, kind = 'signal'): number {
  limiter.answered(kind, base, 1);
  const limits = Array.from({ length: 20_000 }, () => {
    const inFlight = limiter.limit;
    limiter.answered(kind, Math.max(base, inFlight / rate), inFlight);
    return inFlight;
  });
  return limits.sort((a, b) => a - b)[limits.length / 2] ?? 0;
}

test('L1: a server with room is used up to the ceiling', () => {
  expect(settle(new Limiter(options), 20, 1_000)).toBe(64);
});

test('L1: a server at its limit is kept busy, with only a few requests waiting', () => {
  // 10 in flight fill it: 5 ms at 2 per ms.
  const limit = settle(new Limiter(options), 5, 2);
  expect(limit).toBeGreaterThanOrEqual(12);
  expect(limit).toBeLessThanOrEqual(20);
});

test('L1: kinds are judged by their own best', () => {
  const limiter = new Limiter(options);
  settle(limiter, 1, 1_000, 'signal');
  expect(settle(limiter, 30, 1_000, 'start')).toBe(64);
});

test('L1: nothing is learnt from an idle bridge', () => {
  const limiter = new Limiter(options);
  for (let turn = 0; turn < 1_000; turn += 1) limiter.answered('signal', 5, 1);
  expect(limiter.limit).toBe(16);
});

test('L2: an outage halves the limit once, however many requests it fails', () => {
  const limiter = new Limiter(options);
  limiter.answered('signal', 5, 1);
  for (let turn = 0; turn < 9; turn += 1) limiter.overloaded();
  expect(limiter.limit).toBe(8);
});

test('backoff doubles up to five seconds, with jitter', () => {
  expect(backoffMs(0, 0)).toBe(50);
  expect(backoffMs(0, 0.999)).toBe(100);
  expect(backoffMs(1, 0)).toBe(100);
  expect(backoffMs(1_000, 0.999)).toBeLessThanOrEqual(5_000);
});
