/** Bytes and texts from elsewhere, as a terminal may show them. Pure. */
import { parse, stringify } from 'lossless-json';

/** Of bytes that are no text, this many are shown. */
const dumped = 1_024;
const perLine = 16;

/** What could move the cursor, colour the screen or turn the line around. */
const unsafe = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu;

/** Text in which nothing acts on the terminal; line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replace(unsafe, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As `printable`, in one line of at most `length` characters. */
export function oneLine(text: string, length = 60): string {
  const line = printable(text).replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}

/** A value to be read: JSON with indents, other text as it is, bytes as hexadecimal lines. */
export function readableValue(value: Buffer | null): string {
  if (value === null) return '(none: a tombstone)';
  const text = utf8(value);
  if (text === undefined) return hexadecimal(value);
  return printable(indented(text) ?? text);
}

/** A key or header in one line. */
export function readableBytes(bytes: Buffer | string | null | undefined): string {
  if (bytes == null) return '(none)';
  const text = typeof bytes === 'string' ? bytes : utf8(bytes);
  if (text === undefined) return `0x${bytes.slice(0, 64).toString('hex')}`;
  return oneLine(text, 200);
}

/** The text in `bytes`; `undefined` where they are not UTF-8, or not meant as text. */
export function utf8(bytes: Buffer): string | undefined {
  // Also the mark of a schema registry's framing.
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function indented(text: string): string | undefined {
  try {
    // Not `JSON`: numbers are shown as they were sent.
    return stringify(parse(text), undefined, 2);
  } catch {
    return undefined;
  }
}

function hexadecimal(bytes: Buffer): string {
  const lines: string[] = [];
  if (bytes[0] === 0 && bytes.length >= 5) {
    lines.push(`(framed for a schema registry, schema ${String(bytes.readUInt32BE(1))})`);
  }
  for (let at = 0; at < Math.min(bytes.length, dumped); at += perLine) {
    const part = bytes.subarray(at, at + perLine);
    const hex = [...part].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = [...part].map((byte) =>
      byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.',
    );
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(3 * perLine)} ${text.join('')}`);
  }
  if (bytes.length > dumped) lines.push(`… ${String(bytes.length - dumped)} more bytes (--raw)`);
  return lines.join('\n');
}
