import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NotDecimal, decimalOf, decimalOfBase64 } from '../../../src/bridges/formats/decimal.js';

/** As Java's `BigInteger.toByteArray`: two's complement, as short as it can be. */
function bytesOf(value: bigint): Buffer {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  const unsigned = BigInt.asUintN(length * 8, value);
  return Buffer.from(unsigned.toString(16).padStart(length * 2, '0'), 'hex');
}

test.each([
  ['YZ8=', 2, '249.91'],
  ['AA==', 2, '0.00'],
  ['/w==', 2, '-0.01'],
  ['gA==', 0, '-128'],
  ['AIA=', 0, '128'],
  ['AQ==', -3, '1000'],
  ['AA==', -3, '0'],
  ['f/////////////////////8=', 4, '4355614296588012332331194975126633106.6367'],
])('%s with scale %d is %s', (base64, scale, text) => {
  expect(decimalOfBase64(base64, scale)).toBe(text);
});

test('any unscaled value and scale come back exactly', () => {
  const scales = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), scales, (unscaled, scale) => {
      const text = decimalOf(bytesOf(unscaled), scale);
      expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/);
      expect(text.split('.')[1]?.length ?? 0).toBe(scale);
      expect(BigInt(text.replace('.', ''))).toBe(unscaled);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['no bytes', '', 2],
  ['no base64', 'a b=', 2],
  ['half a base64', 'YZ8', 2],
  ['no scale', 'YZ8=', Number.NaN],
  ['a broken scale', 'YZ8=', 1.5],
  ['a scale that would fill the memory', 'YZ8=', 2_000_000_000],
])('%s is no decimal', (_, base64, scale) => {
  expect(() => decimalOfBase64(base64, scale)).toThrow(NotDecimal);
});
