/** Where an event stands in its source stream, and what makes it the same event. Pure. */
import { createHash } from 'node:crypto';
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
 *
 * The first transaction after Debezium began without offsets has no last commit, whatever came
 * before it. It cannot be put in order with the others: its own position says only that it is before
 * its commit. So it is a source of its own, within which the log position never steps back. Then
 * nothing of it is taken for a repetition of what came before, nor what follows for one of it.
 * (`PostgresOffsetContext`: `lastCommitLsn` is null without stored offsets, until the first commit.)
 */
export function changePosition(change: Change, record: KafkaRecord): Position {
  // The rows of a snapshot share one position in the log, however many there are.
  const sequence = change.op === 'r' ? undefined : sequenceOf(change);
  if (sequence === undefined) return topicPosition(record);
  const [lastCommit, at] = sequence;
  // The connector's name comes first: the logs of two servers know nothing of each other.
  const { name, db, schema, table } = change.source;
  const relation = [name, db, schema, table].filter((part) => part != null).join('.');
  const source = `postgres:${relation}/${record.partition}`;
  if (lastCommit === null) return { source: `${source}#${transactionOf(change)}`, at: padded(at) };
  return { source, at: `${padded(lastCommit)}/${padded(at)}` };
}

/**
 * The same change has the same id, at whatever offset it comes.
 *
 * Rows that one COPY inserts share a position in the log, up to a page of them, and share a key where
 * `message.key.columns` keys them by something that several have: an order's lines by their order. So
 * the id of an insert tells what the row is, too. Every other change has a position of its own.
 */
export function changeId(change: Change, record: KafkaRecord, position: Position): string {
  const row = JSON.stringify(change.after ?? change.before);
  const key = keyText(record);
  const parts = [position.source, position.at, key ?? row];
  if (key !== undefined && change.op === 'c') parts.push(digestOf(row));
  return parts.join(':');
}

/** Of 48 bits: it tells the rows of one page apart. */
function digestOf(row: string): string {
  return createHash('sha256').update(row).digest('base64url').slice(0, 8);
}

/** Bytes of a registry's wire format do not survive as text; their schema id is not the row's. */
function keyText({ key }: KafkaRecord): string | undefined {
  if (key === null) return undefined;
  return key[0] === 0 ? key.subarray(5).toString('hex') : key.toString('utf8');
}

/** Postgres' number of the transaction. */
function transactionOf({ source: { txId } }: Change): string {
  return typeof txId === 'number' || typeof txId === 'string' ? String(txId) : 'first';
}

function padded(lsn: string): string {
  return lsn.padStart(digits, '0');
}

/** Position of the last commit, where there was one, and of the change. */
function sequenceOf({ source }: Change): readonly [string | null, string] | undefined {
  if (source.sequence == null) return undefined;
  try {
    const parts: unknown = JSON.parse(source.sequence);
    if (!Array.isArray(parts) || parts.length !== 2) return undefined;
    const [lastCommit, at] = parts.map(lsnOf);
    return at == null ? undefined : [lastCommit ?? null, at];
  } catch {
    return undefined;
  }
}

function lsnOf(part: unknown): string | null {
  return typeof part === 'string' || typeof part === 'number' ? String(part) : null;
}
