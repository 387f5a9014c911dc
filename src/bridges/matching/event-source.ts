/**
 * Where a kind of event comes from: row changes matched by transition, application events matched
 * by type, tombstones, or JSON of any shape. Each reads an opened record and yields an event, no
 * match, or a rejection. Pure.
 */
import type { z } from 'zod';
import type { Event } from '../../workflows/index.js';
import type { Envelope } from './envelope.js';
import type { KafkaRecord } from './record.js';
import type { RejectReason } from './rejection.js';
import type { TopicPattern } from './topic-pattern.js';
import { problemsOf } from './schema.js';

export type Reading<E extends Event = Event> =
  | { readonly kind: 'event'; readonly event: E }
  | { readonly kind: 'no-match' }
  | { readonly kind: 'reject'; readonly reason: RejectReason; readonly detail: string };

export interface EventSource<E extends Event = Event> {
  readonly topics: readonly TopicPattern[];
  /** How the source matches, in words: for tables and pages. */
  readonly match: string;
  /** What it reads; a record that is opened as something else is none of its events. */
  readonly reads: Exclude<Envelope['kind'], 'unreadable'>;
  /**
   * False only where `read` answers `no-match` whatever these bytes are opened as; see
   * `prefilter.ts`. Asked only of values that look like JSON objects without `\u`.
   */
  readonly mayMatch: (value: Buffer, record: KafkaRecord) => boolean;
  /** @throws Unreadable for what the record cannot tell: it is rejected. */
  readonly read: (envelope: Envelope, record: KafkaRecord) => Reading<E>;
}

/** A kind of event, whichever sources tell of it: the first that matches a record makes it. */
export interface EventKind<E extends Event = Event> {
  readonly type: E['type'];
  readonly sources: readonly EventSource<E>[];
}

export const noMatch = { kind: 'no-match' } as const;

/** `value` as `schema` makes it, or the rejection that names what is wrong with it. */
export function validated<T>(
  schema: z.ZodType<T>,
  value: unknown,
  what = '',
): { readonly kind: 'valid'; readonly value: T } | (Reading<never> & { kind: 'reject' }) {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { kind: 'valid', value: parsed.data };
  const detail = `${what}${problemsOf(parsed.error)}`;
  return { kind: 'reject', reason: 'schema-mismatch', detail };
}
