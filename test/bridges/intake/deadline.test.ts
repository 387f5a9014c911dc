import { expect, test } from 'vitest';
import { endsWithin } from '../../../src/bridges/intake/deadline.js';

const never = new Promise<never>(() => undefined);

test('work that ends in time is waited for', async () => {
  expect(await endsWithin(60_000, Promise.resolve('done'))).toBe(true);
});

test('work that does not is left to itself', async () => {
  expect(await endsWithin(5, never)).toBe(false);
  expect(await endsWithin(-1, never)).toBe(false);
});

test('work that fails in time fails; later, nobody hears of it', async () => {
  await expect(endsWithin(60_000, Promise.reject(new Error('no')))).rejects.toThrow('no');
  let fail: (error: Error) => void = () => undefined;
  const work = new Promise<never>((_, reject) => (fail = reject));
  expect(await endsWithin(5, work)).toBe(false);
  fail(new Error('late'));
});
