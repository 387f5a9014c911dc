import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameAmount, subtract } from '../../src/activities/money.js';

const cents = fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n });

function inUnits(value: bigint): string {
  const digits = (value < 0n ? -value : value).toString().padStart(3, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

describe('money', () => {
  it.each([
    ['249.9', '249.90', true],
    ['0249.90', '249.9', true],
    ['-0', '0.00', true],
    ['249.90', '249.91', false],
    ['9007199254740993.01', '9007199254740993.02', false],
    ['1e3', '1000', false],
    ['1e3', '1e3', true],
  ])('%s and %s: same is %s', (a, b, same) => {
    expect(sameAmount(a, b)).toBe(same);
  });

  it('subtracts what no double can hold', () => {
    expect(subtract('9007199254740993.02', '9007199254740993.01')).toBe('0.01');
    expect(subtract('1', 'one')).toBeUndefined();
  });

  it('is exact to the cent for any amounts', () => {
    fc.assert(
      fc.property(cents, cents, (a, b) => {
        expect(sameAmount(inUnits(a), inUnits(b))).toBe(a === b);
        expect(sameAmount(subtract(inUnits(a), inUnits(b)) ?? '', inUnits(a - b))).toBe(true);
      }),
    );
  });
});
