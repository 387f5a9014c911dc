/** Where an event stands in its source stream, and what makes it the same event. Pure. */
import type { Position } from '../../workflows/index.js';
import type { Change } from './envelope.js';
import type { KafkaRecord } from './record.js';

/** Wide enough for 64 bits, so that text compares as numbers do. */
const digits = 20;

/**
 * A place in a topic; the generation tells a re-created topic from the one before it.
 */
export function topicPosition(record: KafkaRecord): Position {
  return {
    source: `kafka:${record.topic}#${record.generation}/${record.partition}`,
    at: record.offset.padStart(digits, '0'),
  };
}

/**
 * A place in the database's log: a change that Debezium publishes again after its own crash comes
 * at a new offset but at the same log position. Transactions come in the order of their commit, so
 * the log position alone may step back between two of them; Debezium's `source.sequence` (position
 * of the last commit, position of the change) does not. Absent: the place in the topic.
 */
export function changePosition(change: Change, record: KafkaRecord): Position {
  // The rows of a snapshot share one position in the log, however many there are.
  const sequence = change.op === 'r' ? undefined : sequenceOf(change);
  if (sequence === undefined) return topicPosition(record);
  // The connector's name comes first: the logs of two servers know nothing of each other.
  const { name, db, schema, table } = change.source;
  const relation = [name, db, schema, table].filter((part) => part != null).join('.');
  return {
    source: `postgres:${relation}/${record.partition}`,
    at: sequence.map((lsn) => lsn.padStart(digits, '0')).join('/'),
  };
}

/** The same change has the same id, at whatever offset it comes. */
export function changeId(change: Change, record: KafkaRecord, position: Position): string {
  const row = keyText(record) ?? JSON.stringify(change.after ?? change.before);
  return `${position.source}:${position.at}:${row}`;
}

/** Bytes of a registry's wire format do not survive as text; their schema id is not the row's. */
function keyText({ key }: KafkaRecord): string | undefined {
  if (key === null) return undefined;
  return key[0] === 0 ? key.subarray(5).toString('hex') : key.toString('utf8');
}

function sequenceOf({ source }: Change): readonly string[] | undefined {
  if (source.sequence == null) return undefined;
  try {
    const parts: unknown = JSON.parse(source.sequence);
    if (!Array.isArray(parts) || parts.length !== 2) return undefined;
    return parts.map((part) => (part === null ? '0' : String(part)));
  } catch {
    return undefined;
  }
}
