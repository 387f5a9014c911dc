/** Which held records an operator means, as a condition in SQL. Pure. */
import { escapeText } from './held-rows.js';

/** A record's place in Kafka. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** All that is given must hold; of a list, one. Nothing given means all. */
export interface Selection {
  /** The consumer group; with it, what no group has claimed yet. Absent: every group. */
  readonly group?: string;
  readonly reasons?: readonly string[];
  /** A dead letter that concerns several routes is meant by each of them. */
  readonly routes?: readonly string[];
  readonly topics?: readonly string[];
  /** The record's key, as UTF-8. */
  readonly key?: string;
  readonly workflowId?: string;
  /** When it was set aside: milliseconds since the epoch, `toMs` not included. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly records?: readonly RecordPlace[];
}

export interface Condition {
  /** To be put after `where`. */
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** The condition; its parameters are numbered from `$first` on. */
export function conditionOf(selection: Selection, first: number): Condition {
  const { group, reasons, routes, topics, key, workflowId, fromMs, toMs, records } = selection;
  const parts: string[] = [];
  const values: unknown[] = [];
  const add = (sql: (parameter: string) => string, value: unknown): void => {
    parts.push(sql(`$${String(first + values.length)}`));
    values.push(value);
  };
  const texts = (list: readonly string[]): string[] => list.map(escapeText);
  if (group !== undefined) add((p) => `consumer_group = any (${p}::text[])`, texts(['', group]));
  if (reasons !== undefined) add((p) => `reason = any (${p}::text[])`, texts(reasons));
  if (routes !== undefined) {
    add((p) => `string_to_array(route, ',') && ${p}::text[]`, texts(routes));
  }
  if (topics !== undefined) add((p) => `topic = any (${p}::text[])`, texts(topics));
  if (key !== undefined) add((p) => `record_key = ${p}::bytea`, Buffer.from(key));
  if (workflowId !== undefined) add((p) => `workflow_id = ${p}`, escapeText(workflowId));
  if (fromMs !== undefined) add((p) => `created_at >= ${p}::timestamptz`, new Date(fromMs));
  if (toMs !== undefined) add((p) => `created_at < ${p}::timestamptz`, new Date(toMs));
  if (records !== undefined) {
    const places = records.map((one) => `${one.topic}/${String(one.partition)}/${one.offset}`);
    add((p) => `topic || '/' || partition || '/' || record_offset = any (${p}::text[])`, places);
  }
  return { sql: parts.length === 0 ? 'true' : parts.join(' and '), values };
}
