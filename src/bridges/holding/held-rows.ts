/**
 * Held records as rows: what goes in comes out the same, to the byte. Pure.
 *
 * Postgres text holds no NUL and no half of a surrogate pair, and an index entry holds 2.7 kB; ids,
 * keys and details come from elsewhere and may be anything. So texts are escaped, and what is
 * indexed are hashes of a fixed size.
 */
import { createHash } from 'node:crypto';
import type { IHeaders } from 'kafkajs';
import type { Held, HeldNote, HeldState } from './held.js';
import type { KafkaRecord } from '../matching/record.js';

/** Details are for reading; a validator's list of problems may be long. */
const detailLength = 8_000;

/** One statement carries at most so much: bytes travel as text of twice their size. */
const statement = { rows: 1_000, bytes: 16 * 1024 * 1024 };

/** Columns of a note, as `noteOf` reads them. */
export const noteColumns = `topic, generation, partition, record_offset, route, state, queue, blocks,
  event, reason, detail, deadline`;

/** Columns of a held record, as `heldOf` reads them. */
export const heldColumns = `${noteColumns}, record_key, record_value, record_headers, record_timestamp`;

/** A row as `pg` hands it over. */
export interface NoteRow {
  readonly topic: string;
  readonly generation: string;
  readonly partition: number;
  readonly record_offset: string;
  readonly route: string;
  readonly state: HeldState;
  readonly queue: string;
  readonly blocks: boolean;
  readonly event: string | null;
  readonly reason: string;
  readonly detail: string;
  readonly deadline: Date | null;
}

export interface HeldRow extends NoteRow {
  readonly record_key: Buffer | null;
  readonly record_value: Buffer | null;
  readonly record_headers: string;
  readonly record_timestamp: string;
}

/** The note in a row. */
export function noteOf(row: NoteRow): HeldNote {
  const { topic, partition, state, blocks, deadline } = row;
  return {
    ...{ topic, partition, state, blocks },
    generation: unescapeText(row.generation),
    offset: row.record_offset,
    route: unescapeText(row.route),
    queue: unescapeText(row.queue),
    reason: unescapeText(row.reason),
    detail: unescapeText(row.detail),
    ...(row.event === null ? {} : { event: JSON.parse(row.event) as HeldNote['event'] & object }),
    ...(deadline === null ? {} : { deadlineMs: deadline.getTime() }),
  };
}

/** The held record in a row. */
export function heldOf(row: HeldRow): Held {
  const note = noteOf(row);
  const { topic, generation, partition, offset } = note;
  return {
    ...note,
    record: {
      ...{ topic, generation, partition, offset },
      timestamp: row.record_timestamp,
      key: row.record_key,
      value: row.record_value,
      headers: headersOf(row.record_headers),
    },
  };
}

/** The columns of held records, each an array, in the order of the statement that inserts them. */
export function columnsOf(held: readonly Held[]): unknown[][] {
  const each = <T>(of: (one: Held) => T): T[] => held.map(of);
  return [
    each(({ topic }) => topic),
    each(({ generation }) => escapeText(generation)),
    each(({ partition }) => partition),
    each(({ offset }) => offset),
    each(({ route }) => escapeText(route)),
    each(({ route }) => idOf(route)),
    each(({ state }) => state),
    each(({ queue }) => escapeText(queue)),
    each(({ queue }) => idOf(queue)),
    each(({ blocks }) => blocks),
    each(({ event }) => (event === undefined ? null : JSON.stringify(event))),
    each(({ event }) => (event === undefined ? null : escapeText(event.workflowId))),
    each(({ reason }) => escapeText(reason)),
    each(({ detail }) => storedDetail(detail)),
    each(({ deadlineMs }) => (deadlineMs === undefined ? null : instant(deadlineMs))),
    each(({ record }) => record.key),
    each(({ record }) => record.value),
    each(({ record }) => headersText(record.headers)),
    each(({ record }) => record.timestamp),
    each(({ record }) => bytesOf(record)),
  ];
}

/** Cuts what is to be held into portions of one statement each. */
export function portionsOf(held: readonly Held[]): Held[][] {
  const portions: Held[][] = [];
  let bytes = Infinity;
  for (const one of held) {
    const size = bytesOf(one.record);
    const last = portions.at(-1);
    if (last === undefined || last.length >= statement.rows || bytes + size > statement.bytes) {
      portions.push([one]);
      bytes = size;
    } else {
      last.push(one);
      bytes += size;
    }
  }
  return portions;
}

/** A detail as it is stored: cut to a length that can be read. */
export function storedDetail(detail: string): string {
  return escapeText(detail.slice(0, detailLength));
}

/** The last moment that is written with a year of four digits, as Postgres reads it. */
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

/** Milliseconds since the epoch as Postgres reads them; what is later is the end of the year 9999. */
export function instant(ms: number): string {
  return new Date(Math.min(ms, latestMs)).toISOString();
}

/** Bytes of a record's key and value. */
export function bytesOf({ key, value }: KafkaRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}

/** Text that Postgres stores and hands back as it was. */
export function escapeText(text: string): string {
  return text.replace(
    /[\0\\]|\p{Surrogate}/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Reads what `escapeText` wrote. */
export function unescapeText(text: string): string {
  return text.replace(/\\u([0-9a-f]{4})/g, (_, code: string) =>
    String.fromCharCode(parseInt(code, 16)),
  );
}

/** A text of any length as an id of 128 bits. */
export function idOf(text: string): string {
  const hex = createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 32);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

type HeaderValue = IHeaders[string];
/** Text in quotes, bytes in base64 in a list of one; a repeated header is a list in `many`. */
type StoredValue = string | readonly [string] | null | { readonly many: readonly StoredValue[] };

/** Headers as text: names, order, repetitions, and whether a value was bytes or text. */
function headersText(headers: IHeaders): string {
  const stored = (value: HeaderValue): StoredValue => {
    // A header may have no value on the wire, whatever the types say.
    if (value == null) return null;
    if (Array.isArray(value)) return { many: value.map(stored) };
    return typeof value === 'string' ? value : [value.toString('base64')];
  };
  return JSON.stringify(Object.entries(headers).map(([name, value]) => [name, stored(value)]));
}

/** Reads what `headersText` wrote. */
function headersOf(text: string): IHeaders {
  const restored = (value: StoredValue): HeaderValue => {
    if (typeof value === 'string') return value;
    if (value === null) return value as unknown as HeaderValue;
    if (isBytes(value)) return Buffer.from(value[0], 'base64');
    return value.many.map(restored) as (Buffer | string)[];
  };
  const pairs = JSON.parse(text) as [string, StoredValue][];
  return Object.fromEntries(pairs.map(([name, value]) => [name, restored(value)]));
}

function isBytes(
  value: readonly [string] | { readonly many: unknown },
): value is readonly [string] {
  return Array.isArray(value);
}
