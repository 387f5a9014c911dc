/**
 * JSON in which numbers that a double cannot hold exactly become decimal text: money and 64-bit
 * keys survive. As in `JSON.parse`, the last of several equal keys counts.
 */
import { isSafeNumber, LosslessNumber, parse } from 'lossless-json';
import { Unreadable, complaintOf } from './unreadable.js';

/** Every number that a double does not hold has sixteen characters or more, or an exponent. */
const maybeInexact = /[\d.]{16}|\d[eE]/;

/** What is nested deeper is refused: the native parser takes any depth, what comes after does not. */
const deepest = 500;

/**
 * Parses a value; numbers beyond a double stay `LosslessNumber`, for `settled` to replace.
 * @throws Unreadable `undecodable-json`
 */
export function parseExactly(text: string): unknown {
  if (text.length > deepest * 2 && depthOf(text) > deepest) {
    throw new Unreadable('undecodable-json', 'value is nested too deeply');
  }
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

/** How deep arrays and objects are nested; for text that is no JSON, any number. */
function depthOf(text: string): number {
  let [depth, greatest, inString] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) inString = !inString;
    else if (inString) at += code === 0x5c ? 1 : 0;
    else if (code === 0x5b || code === 0x7b) greatest = Math.max(greatest, (depth += 1));
    else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return greatest;
}

/** An integer of 64 bits: a number where a double holds it, else text. */
export function exactInteger(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
