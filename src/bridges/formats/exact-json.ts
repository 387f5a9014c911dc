/**
 * JSON in which numbers that a double cannot hold exactly become decimal text: money and 64-bit
 * keys survive. As in `JSON.parse`, the last of several equal keys counts.
 */
import { isSafeNumber, LosslessNumber, parse } from 'lossless-json';
import { Unreadable, complaintOf } from './unreadable.js';

/** Every number that a double does not hold has sixteen characters or more, or an exponent. */
const maybeInexact = /[\d.]{16}|\d[eE]/;

/**
 * Parses a value; numbers beyond a double stay `LosslessNumber`, for `settled` to replace.
 * @throws Unreadable `undecodable-json`
 */
export function parseExactly(text: string): unknown {
  try {
    // The native parser is several times faster, and right wherever no number can be inexact.
    if (!maybeInexact.test(text)) return JSON.parse(text);
    return parse(text, undefined, {
      parseNumber: (digits) => (isSafeNumber(digits) ? Number(digits) : new LosslessNumber(digits)),
      onDuplicateKey: ({ newValue }) => newValue,
    });
  } catch (error) {
    throw new Unreadable('undecodable-json', `value is not JSON: ${complaintOf(error)}`);
  }
}

/** `value` with plain text in place of each `LosslessNumber`. */
export function settled(value: unknown): unknown {
  if (value instanceof LosslessNumber) return value.toString();
  if (Array.isArray(value)) return value.map(settled);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, settled(item)]));
}

/** Parses a value; numbers beyond a double are text. @throws Unreadable `undecodable-json` */
export function parseJson(text: string): unknown {
  const value = parseExactly(text);
  return maybeInexact.test(text) ? settled(value) : value;
}

/** An integer of 64 bits: a number where a double holds it, else text. */
export function exactInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
