/** Application events, and JSON that is no envelope of ours, as events. Pure. */
import type { z } from 'zod';
import type { Event } from '../../workflows/index.js';
import { type EventSource, noMatch, validated } from './event-source.js';
import { spells } from './prefilter.js';
import { topicPosition } from './position.js';
import type { Predicate } from './predicate.js';
import type { KafkaRecord } from './record.js';
import { isoMoment, writtenAt } from './timestamp.js';
import { topicPatterns, type Topics } from './topic-pattern.js';

/** Application events of one type, and of some keys or headers only where `when` says so. */
export function application<E extends Event>(of: {
  readonly type: E['type'];
  readonly topic: Topics;
  readonly data: z.ZodType<E['data']>;
  readonly when?: Predicate<unknown>;
}): EventSource<E> {
  const { type, when } = of;
  const typeSpelled = spells(type);
  return {
    topics: topicPatterns(of.topic),
    match: `type = ${type}${when === undefined ? '' : ` and ${when.words}`}`,
    reads: 'application',
    mayMatch: (value, record) => {
      if (when?.mayMatch(value, record) === false) return false;
      return typeSpelled === undefined || typeSpelled(value) || inHeaders(record, type);
    },
    read: (envelope, record) => {
      const told = 'event' in envelope ? envelope.event : undefined;
      if (told?.type !== type) return noMatch;
      if (when !== undefined && when.test(undefined, record) !== 'yes') return noMatch;
      const data = validated(of.data, told.data, 'data: ');
      if (data.kind === 'reject') return data;
      const { id, occurredAt } = told;
      const event = {
        id,
        type,
        ownId: true,
        occurredAt: isoMoment(Date.parse(occurredAt), 'occurredAt'),
        position: topicPosition(record),
        data: data.value,
      };
      return { kind: 'event', event: event as E };
    },
  };
}

/**
 * JSON of any other shape, known by its topic, its key or its headers. Its identity is its place in
 * the topic, its time the record's.
 */
export function message<E extends Event, Content>(of: {
  readonly type: E['type'];
  readonly topic: Topics;
  readonly when?: Predicate<unknown>;
  readonly content: z.ZodType<Content>;
  readonly data: (content: Content, record: KafkaRecord) => E['data'];
}): EventSource<E> {
  const { type, when } = of;
  return {
    topics: topicPatterns(of.topic),
    match: when?.words ?? 'every message',
    reads: 'plain',
    mayMatch: (value, record) => when?.mayMatch(value, record) !== false,
    read: (envelope, record) => {
      if (envelope.kind !== 'plain') return noMatch;
      if (when !== undefined && when.test(undefined, record) !== 'yes') return noMatch;
      const content = validated(of.content, envelope.content);
      if (content.kind === 'reject') return content;
      const position = topicPosition(record);
      const event = {
        id: `${position.source}:${position.at}`,
        type,
        occurredAt: writtenAt(record),
        position,
        data: of.data(content.value, record),
      };
      return { kind: 'event', event: event as E };
    },
  };
}

/** Some formats tell the type in a header, under one name or another, as text or as JSON. */
function inHeaders({ headers }: KafkaRecord, type: string): boolean {
  for (const name in headers) {
    const values = [headers[name]].flat();
    if (values.some((value) => value?.includes(type) === true || value?.includes('\\') === true)) {
      return true;
    }
  }
  return false;
}
