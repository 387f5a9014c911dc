/**
 * Cheap rejection: bytes that a record's value must hold if it is to match, looked for before
 * anything is parsed. Most records of a busy topic match nothing, and a search costs a tenth of
 * a parse.
 *
 * N1 Sound: a needle is missing only where the parsed value cannot match. JSON may spell letters
 *    as `\u0063`, and a few others with a backslash; so a value that holds `\u` is parsed, and
 *    texts with what JSON may escape otherwise make no needle.
 * N2 Numbers make no needle (1, 1.0 and 1e0 are one number), nor do texts that do not begin with a
 *    letter: decimals and times are texts that formats make of other bytes.
 * N3 Only what looks like a JSON object is judged by its bytes, from the brace at its beginning to
 *    the brace at its end. Anything else is opened, so that it is dead-lettered where it should be.
 *
 * What is given up: a value that is broken between its braces and holds no needle is ignored, not
 * dead-lettered. It was no event of any route.
 */

/** Answers false only where the bytes rule it out; see N1. */
export type ByteTest = (value: Buffer) => boolean;

/** A letter, then printable ASCII without quotes, backslash and slash. */
const plainText = /^[A-Za-z](?:(?!["\\/])[\x20-\x7e])*$/;

const openingBrace = 0x7b;
const closingBrace = 0x7d;
const unicodeEscape = Buffer.from('\\u');

/** Whether `value` spells out `text` as a JSON string, as a value or as a name. */
export function spells(text: string): ByteTest | undefined {
  if (!plainText.test(text)) return undefined;
  // Without the quote before it: a search for a first byte that is rare is twice as fast.
  const needle = Buffer.from(`${text}"`);
  return (value) => value.includes(needle);
}

/** Whether `value` holds one of `values` somewhere; undefined where bytes cannot tell. */
export function holdsOneOf(values: readonly unknown[]): ByteTest | undefined {
  const tests = values.map(holds);
  if (!tests.every((test) => test !== undefined)) return undefined;
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return only;
  return (value) => tests.some((test) => test(value));
}

function holds(value: unknown): ByteTest | undefined {
  if (typeof value === 'string') return spells(value);
  if (typeof value !== 'boolean') return undefined;
  // JSON has one spelling for these.
  const needle = Buffer.from(String(value));
  return (bytes) => bytes.includes(needle);
}

/** Whether needles say anything about `value` (N3). */
export function looksLikeObject(value: Buffer): boolean {
  let from = 0;
  let to = value.length - 1;
  while (isSpace(value[from])) from += 1;
  while (isSpace(value[to])) to -= 1;
  return from < to && value[from] === openingBrace && value[to] === closingBrace;
}

/** Whether letters of `value` may be spelled so that no needle finds them (N1). */
export function mayHideLetters(value: Buffer): boolean {
  return value.includes(unicodeEscape);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
