/**
 * A record's bytes. kafkajs hands out slices of what it fetched, and one slice that is kept keeps the
 * whole fetch in memory, 10 MiB at most: so what waits longer than its batch is copied. What settles
 * soon, as nearly all records do, is never copied.
 */
import type { IHeaders } from 'kafkajs';
import type { KafkaRecord } from '../matching/record.js';

type HeaderValue = IHeaders[string];

/** Bytes of key, value and headers. */
export function sizeOf({ key, value, headers }: KafkaRecord): number {
  let size = (key?.length ?? 0) + (value?.length ?? 0);
  for (const name in headers) size += name.length + headerSize(headers[name]);
  return size;
}

/** Makes the bytes of `record` its own: one piece of memory of their size, that nothing else shares. */
export function keepOwn(record: KafkaRecord): void {
  const { key, value, headers } = record;
  const slices = [key, value, ...Object.values(headers).flat()].filter((one) =>
    Buffer.isBuffer(one),
  );
  // Not from the pool, of which small copies are slices again.
  const own = Buffer.allocUnsafeSlow(slices.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  const copy = (bytes: Buffer): Buffer => {
    const part = own.subarray(end, end + bytes.length);
    end += bytes.copy(part);
    return part;
  };
  const copyHeader = (header: HeaderValue): HeaderValue => {
    if (Array.isArray(header)) return header.map((one) => copyHeader(one) as Buffer | string);
    return Buffer.isBuffer(header) ? copy(header) : header;
  };
  const entries = Object.entries(headers).map(([name, one]) => [name, copyHeader(one)] as const);
  // The same record: lanes, windows and whoever holds it know it by itself.
  Object.assign(record, {
    key: key === null ? null : copy(key),
    value: value === null ? null : copy(value),
    headers: Object.fromEntries(entries),
  });
}

function headerSize(header: HeaderValue): number {
  // A header may have no value on the wire, whatever the types say.
  if (header == null) return 0;
  if (!Array.isArray(header)) return header.length;
  return header.reduce((sum, one) => sum + headerSize(one), 0);
}
