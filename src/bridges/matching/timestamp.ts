/** Moments as text, of numbers that may be anything. Pure. */
import { Unreadable } from '../formats/unreadable.js';
import type { KafkaRecord } from './record.js';

/**
 * ISO 8601 of milliseconds since the epoch. Kafka carries 64 bits and JSON any number; a date ends
 * 8.64e15 ms from the epoch (ECMA-262, "Time Values and Time Range").
 * @throws Unreadable `schema-mismatch`, naming `field` and what it holds.
 */
export function isoMoment(ms: number | string, field: string): string {
  const date = new Date(Number(ms));
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  const detail = `${field}: ${ms} is beyond any date; it must be milliseconds since the epoch`;
  throw new Unreadable('schema-mismatch', detail);
}

/**
 * When the record was written, as Kafka tells it.
 * @throws Unreadable `schema-mismatch`, naming the timestamp.
 */
export function writtenAt({ timestamp }: Pick<KafkaRecord, 'timestamp'>): string {
  return isoMoment(timestamp, 'timestamp');
}
