/** Row changes as events. Pure. */
import type { z } from 'zod';
import type { Event } from '../../workflows/index.js';
import type { Change } from './envelope.js';
import { type EventSource, noMatch, validated } from './event-source.js';
import { changeId, changePosition } from './position.js';
import type { Predicate } from './predicate.js';
import { rowOf, type Verbs, verbs } from './row-predicate.js';
import type { KafkaRecord } from './record.js';
import { isoMoment, writtenAt } from './timestamp.js';
import { topicPatterns, type Topics } from './topic-pattern.js';

export interface ChangeSource<E extends Event, Out, In extends object> {
  readonly type: E['type'];
  readonly topic: Topics;
  /** Which changes: about the fields of `row` as they come, before the schema transforms them. */
  readonly when: (verbs: Verbs<In>) => Predicate<In>;
  /** The row after the change, or before it where it was deleted; `{}` where a table is truncated. */
  readonly row: z.ZodType<Out, In>;
  readonly data: (row: Out, change: Change) => E['data'];
  /** Snapshot reads tell what is, not what happened: without this they match nothing. */
  readonly snapshots?: boolean;
}

/**
 * Row changes that `when` matches. A truncated table is matched only where `when` names it.
 * @throws Error when `when` names snapshots and the source does not ask for them.
 */
export function change<E extends Event, Out, In extends object>(
  of: ChangeSource<E, Out, In>,
): EventSource<E> {
  const when = of.when(verbs<In>());
  const { snapshots = false } = of;
  if (when.names.includes('snapshot') && !snapshots) {
    throw new Error(
      `${of.type}: "${when.words}" names snapshots; ask for them with snapshots: true`,
    );
  }
  const isConcerned = ({ op }: Change): boolean => {
    if (op === 'r') return snapshots;
    return op === 't' ? when.names.includes('truncate') : op !== 'm';
  };
  return {
    topics: topicPatterns(of.topic),
    match: when.words,
    reads: 'change',
    mayMatch: when.mayMatch,
    read: (envelope, record) => {
      if (envelope.kind !== 'change') return noMatch;
      const { change } = envelope;
      const match = isConcerned(change) ? when.test(change, record) : 'no';
      if (match === 'no') return noMatch;
      if (match === 'missing-before' || (change.op === 'd' && change.before == null)) {
        const what = change.op === 'd' ? 'delete' : 'update';
        const detail = `${what} of ${change.source.table} without its row before`;
        return { kind: 'reject', reason: 'missing-before', detail };
      }
      const row = validated(of.row, change.op === 't' ? {} : rowOf(change));
      if (row.kind === 'reject') return row;
      const position = changePosition(change, record);
      const event = {
        id: changeId(change, record, position),
        type: of.type,
        occurredAt: changedAt(change, record),
        position,
        data: of.data(row.value, change),
      };
      return { kind: 'event', event: event as E };
    },
  };
}

/** The best that is told: when the database changed it, when that was captured, or written. */
function changedAt({ source, ts_ms: capturedAt }: Change, record: KafkaRecord): string {
  if (source.ts_ms != null) return isoMoment(source.ts_ms, 'source.ts_ms');
  return capturedAt == null ? writtenAt(record) : isoMoment(capturedAt, 'ts_ms');
}
