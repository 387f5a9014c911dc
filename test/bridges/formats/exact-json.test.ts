import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../../src/bridges/formats/exact-json.js';

test.each([
  ['9007199254740993', '9007199254740993'],
  ['-9223372036854775808', '-9223372036854775808'],
  ['12345678901234567.89', '12345678901234567.89'],
  ['1e400', '1e400'],
  ['9007199254740991', 9007199254740991],
  ['1711737600000000', 1711737600000000],
  ['249.99', 249.99],
  ['1e3', 1000],
])('%s becomes %j', (text, value) => {
  expect(parseJson(`{"a":[${text}]}`)).toEqual({ a: [value] });
});

test('text that looks like a long number stays text', () => {
  expect(parseJson('"9007199254740993"')).toBe('9007199254740993');
});

test('any JSON: the same as the native parser, whichever parser reads it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const native: unknown = JSON.parse(text, (_, value: unknown) =>
        typeof value === 'number' && !Number.isSafeInteger(value) ? 0 : value,
      );
      const long = parseJson(`{"long":9007199254740993,"it":${text}}`) as Record<string, unknown>;
      const short = parseJson(text);
      const withoutLong = (value: unknown): unknown =>
        JSON.parse(JSON.stringify(value), (_, item: unknown) =>
          typeof item === 'number' && !Number.isSafeInteger(item) ? 0 : item,
        );
      expect(withoutLong(short)).toEqual(withoutLong(long['it']));
      if (!/[\d.]{16}|\d[eE]/.test(text)) expect(withoutLong(short)).toEqual(native);
    }),
    { numRuns: 2_000 },
  );
});

test('of equal keys the last counts, in both parsers', () => {
  expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 });
  expect(parseJson('{"a":1,"a":9007199254740993}')).toEqual({ a: '9007199254740993' });
});

test('a key that names a prototype is a key', () => {
  for (const big of ['1', '9007199254740993']) {
    const value = parseJson(`{"__proto__":{"admin":true},"n":${big}}`) as { admin?: boolean };
    expect(value.admin).toBeUndefined();
  }
});
