import type { IHeaders } from 'kafkajs';
import { expect, it } from 'vitest';
import { wireHeaders } from '../../../src/bridges/matching/record.js';

/** As kafkajs collects them. */
function collect(pairs: readonly (readonly [string, string | null])[]): IHeaders {
  return pairs.reduce<Record<string, unknown>>((all, [name, text]) => {
    const value = text === null ? null : Buffer.from(text);
    const had = all[name];
    const both = Array.isArray(had) ? [...(had as unknown[]), value] : [had, value];
    return { ...all, [name]: had === undefined ? value : both };
  }, {}) as IHeaders;
}

it('a name that every object knows is a header like any other', () => {
  const decoded = collect([
    ['a', 'x'],
    ['constructor', 'c'],
    ['toString', '1'],
    ['__proto__', 'p'],
    ['a', 'y'],
    ['toString', '2'],
    ['valueOf', null],
  ]);
  expect(Object.entries(decoded)[1]?.[1]).toHaveLength(2);
  const bytes = (text: string) => Buffer.from(text);
  expect(Object.entries(wireHeaders(decoded))).toEqual([
    ['a', [bytes('x'), bytes('y')]],
    ['constructor', bytes('c')],
    ['toString', [bytes('1'), bytes('2')]],
    ['__proto__', bytes('p')],
    ['valueOf', null],
  ]);
});

it('all others stay as they were decoded', () => {
  const decoded = collect([
    ['a', 'x'],
    ['a', 'y'],
    ['none', null],
  ]);
  expect(wireHeaders(decoded)).toBe(decoded);
});
