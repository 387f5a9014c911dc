/**
 * Where a kind of event comes from: row changes matched by transition, or application events
 * matched by type. Each reads an opened record and yields an event, no match, or a rejection. Pure.
 */
import type { z } from 'zod';
import type { Event } from '../workflows/index.js';
import type { Change, Envelope, Row } from './envelope.js';
import { changeId, changePosition, topicPosition } from './position.js';
import type { KafkaRecord } from './record.js';
import type { RejectReason } from './rejection.js';
import { problemsOf } from './schema.js';

export type Reading<E extends Event = Event> =
  | { readonly kind: 'event'; readonly event: E }
  | { readonly kind: 'no-match' }
  | { readonly kind: 'reject'; readonly reason: RejectReason; readonly detail: string };

export interface EventSource<E extends Event = Event> {
  readonly topic: string;
  /** How the source matches, in words: for tables and pages. */
  readonly match: string;
  read(envelope: Envelope, record: KafkaRecord): Reading<E>;
}

/** A kind of event, whichever sources tell of it. */
export interface EventKind<E extends Event = Event> {
  readonly type: E['type'];
  readonly sources: readonly EventSource<E>[];
}

/** What a matcher makes of a change. */
export type Match = 'yes' | 'no' | 'missing-before';

export interface Matcher {
  readonly words: string;
  matches(change: Change): Match;
}

const noMatch = { kind: 'no-match' } as const;

/** The update that took `field` from `from` to `to`. Any other update is no match. */
export function changed(field: string, from: string, to: string): Matcher {
  return {
    words: `${field}: ${from} → ${to}`,
    matches: ({ op, before, after }) => {
      if (op !== 'u' || after?.[field] !== to) return 'no';
      if (before == null) return 'missing-before';
      return before[field] === from ? 'yes' : 'no';
    },
  };
}

/** The insert or update after which `field` is `to` and before which it was not. */
export function becomes(field: string, to: string): Matcher {
  return {
    words: `${field} → ${to}`,
    matches: ({ op, before, after }) => {
      if (after?.[field] !== to) return 'no';
      if (op === 'c') return 'yes';
      if (op !== 'u') return 'no';
      if (before == null) return 'missing-before';
      return before[field] === to ? 'no' : 'yes';
    },
  };
}

/**
 * Row changes of one table that `when` matches. Snapshot reads (`op: r`) tell what is, not what
 * happened: they match only where `snapshots` asks for them, and then by the row alone.
 */
export function change<E extends Event, Input extends Row>(of: {
  readonly type: E['type'];
  readonly topic: string;
  readonly when: Matcher;
  readonly row: z.ZodType<Input>;
  readonly data: (row: Input) => E['data'];
  readonly snapshots?: boolean;
}): EventSource<E> {
  const matchOf = (envelope: Envelope & { kind: 'change' }): Match => {
    const { op, after } = envelope.change;
    if (op !== 'r') return of.when.matches(envelope.change);
    return of.snapshots === true ? of.when.matches({ ...envelope.change, op: 'c', after }) : 'no';
  };
  return {
    topic: of.topic,
    match: of.when.words,
    read: (envelope, record) => {
      if (envelope.kind !== 'change') return noMatch;
      const match = matchOf(envelope);
      if (match === 'no') return noMatch;
      if (match === 'missing-before') {
        const detail = `update of ${envelope.change.source.table} without its row before`;
        return { kind: 'reject', reason: 'missing-before', detail };
      }
      const row = of.row.safeParse(envelope.change.after);
      if (!row.success) {
        return { kind: 'reject', reason: 'schema-mismatch', detail: problemsOf(row.error) };
      }
      const position = changePosition(envelope.change, record);
      const { source, ts_ms: capturedAt } = envelope.change;
      const event = {
        id: changeId(envelope.change, record, position),
        type: of.type,
        occurredAt: new Date(source.ts_ms ?? capturedAt ?? Number(record.timestamp)).toISOString(),
        position,
        data: of.data(row.data),
      };
      return { kind: 'event', event: event as E };
    },
  };
}

/** Application events of one type. */
export function application<E extends Event>(of: {
  readonly type: E['type'];
  readonly topic: string;
  readonly data: z.ZodType<E['data']>;
}): EventSource<E> {
  return {
    topic: of.topic,
    match: `type = ${of.type}`,
    read: (envelope, record) => {
      if (envelope.kind !== 'application' || envelope.event.type !== of.type) return noMatch;
      const data = of.data.safeParse(envelope.event.data);
      if (!data.success) {
        const detail = problemsOf(data.error);
        return { kind: 'reject', reason: 'schema-mismatch', detail: `data: ${detail}` };
      }
      const { id, occurredAt } = envelope.event;
      const event = {
        id,
        type: of.type,
        occurredAt: new Date(occurredAt).toISOString(),
        position: topicPosition(record),
        data: data.data,
      };
      return { kind: 'event', event: event as E };
    },
  };
}
