/** Kafka's deletion markers as events: a key without a value. Pure. */
import type { z } from 'zod';
import type { Event } from '../../workflows/index.js';
import { type EventSource, noMatch, validated } from './event-source.js';
import { withoutSchema } from '../formats/connect-json.js';
import { parseJson } from '../formats/exact-json.js';
import { Unreadable } from '../formats/unreadable.js';
import { topicPosition } from './position.js';
import type { Predicate } from './predicate.js';
import type { KafkaRecord } from './record.js';
import { writtenAt } from './timestamp.js';
import { topicPatterns, type Topics } from './topic-pattern.js';

/**
 * Tombstones of a topic as events of their own. All that they tell is in the key: `key` is given
 * the key's JSON (without Connect's embedded schema), or its text where it is no JSON. A tombstone
 * that Debezium sends again after its own crash is another one: it has no place in the database's
 * log. Where a delete matters, `operation('delete')` on the row's changes knows more.
 */
export function tombstone<E extends Event, Key>(of: {
  readonly type: E['type'];
  readonly topic: Topics;
  readonly when?: Predicate<unknown>;
  readonly key: z.ZodType<Key>;
  readonly data: (key: Key) => E['data'];
}): EventSource<E> {
  const { type, when } = of;
  return {
    topics: topicPatterns(of.topic),
    match: `tombstone${when === undefined ? '' : ` and ${when.words}`}`,
    reads: 'tombstone',
    // Only values are judged by their bytes, and a tombstone has none.
    mayMatch: () => false,
    read: (envelope, record) => {
      if (envelope.kind !== 'tombstone') return noMatch;
      if (when !== undefined && when.test(undefined, record) !== 'yes') return noMatch;
      const key = validated(of.key, contentOf(record.key), 'key: ');
      if (key.kind === 'reject') return key;
      const position = topicPosition(record);
      const event = {
        id: `${position.source}:${position.at}`,
        type,
        occurredAt: writtenAt(record),
        position,
        data: of.data(key.value),
      };
      return { kind: 'event', event: event as E };
    },
  };
}

function contentOf(key: KafkaRecord['key']): unknown {
  if (key === null) return null;
  const text = key.toString();
  try {
    return withoutSchema(parseJson(text));
  } catch (error) {
    if (error instanceof Unreadable) return text;
    throw error;
  }
}
