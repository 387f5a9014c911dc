/** Money as exact decimal text. Pure; no floats anywhere. */

const decimal = /^([+-]?)(\d+)(?:\.(\d*))?$/;

/** True when both are the same amount: `249.9` and `249.90`. What is no decimal equals only itself. */
export function sameAmount(a: string, b: string): boolean {
  const difference = subtract(a, b);
  return difference === undefined ? a === b : difference === '0';
}

/**
 * `a - b`, exactly, without trailing zeros: `subtract('249.91', '249.90')` is `0.01`.
 * `undefined` when one of them is no decimal.
 */
export function subtract(a: string, b: string): string | undefined {
  const left = decimal.exec(a.trim());
  const right = decimal.exec(b.trim());
  if (left === null || right === null) return undefined;
  const scale = Math.max(left[3]?.length ?? 0, right[3]?.length ?? 0);
  return asText(units(left, scale) - units(right, scale), scale);
}

function units([, sign = '', whole = '0', fraction = '']: RegExpExecArray, scale: number): bigint {
  return BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction.padEnd(scale, '0')}`);
}

function asText(value: bigint, scale: number): string {
  const sign = value < 0n ? '-' : '';
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return fraction === '' ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}
