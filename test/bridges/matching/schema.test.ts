import { expect, test } from 'vitest';
import { money, moneyColumn, problemsOf } from '../../../src/bridges/matching/schema.js';

const complaint = (schema: typeof money | ReturnType<typeof moneyColumn>, value: unknown) => {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : problemsOf(parsed.error);
};

test('what precise decimals look like without their schema is refused with the remedy', () => {
  for (const value of ['YZ8=', { scale: 2, value: 'YZ8=' }, null]) {
    expect(complaint(money, value)).toContain('decimal.handling.mode=string');
    expect(complaint(moneyColumn(2), value)).toContain('decimal.handling.mode=string');
  }
});

test('base64 that is digits by chance does not pass for money of a column', () => {
  expect(complaint(money, '1234')).toBe('1234');
  expect(complaint(moneyColumn(2), '1234')).toContain('decimal.handling.mode=string');
});

test('strings and doubles of a column pass', () => {
  expect(complaint(moneyColumn(2), '-249.90')).toBe('-249.90');
  expect(complaint(moneyColumn(2), 249.9)).toBe('249.9');
  expect(complaint(moneyColumn(2), '249.9')).toContain('not a decimal');
});
