/**
 * What is inside a record's value: a change event of Debezium, an application event (plain, of an
 * outbox, or as CloudEvent), another shape, or a reason why it cannot be read. Pure.
 */
import { type ApplicationEvent, applicationSchema } from '../formats/application-event.js';
import { type Change, changeSchema } from '../formats/change.js';
import { withoutSchema } from '../formats/connect-json.js';
import {
  binaryCloudEvent,
  isBinaryCloudEvent,
  isCloudEvent,
  structuredCloudEvent,
} from '../formats/cloud-event.js';
import { isObject, parseExactly, settled } from '../formats/exact-json.js';
import { outboxEvent } from '../formats/outbox.js';
import { Unreadable } from '../formats/unreadable.js';
import type { KafkaRecord } from './record.js';
import type { RejectReason } from './rejection.js';
import { problemsOf } from './schema.js';

export type { ApplicationEvent } from '../formats/application-event.js';
export type { Change, Row } from '../formats/change.js';

export type Envelope =
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'application'; readonly event: ApplicationEvent }
  /** A value of another shape: for sources that match by topic, key or header alone. */
  | { readonly kind: 'plain'; readonly content: unknown }
  /**
   * Kafka's deletion marker, which Debezium sends after a delete; with an outbox's headers also its
   * event without a payload.
   */
  | { readonly kind: 'tombstone'; readonly event?: ApplicationEvent }
  | { readonly kind: 'unreadable'; readonly reason: RejectReason; readonly detail: string };

/** Bytes to content: JSON's values, numbers beyond a double as text. May throw `Unreadable`. */
export type Reader = (value: Buffer) => unknown;

/** Reads JSON, with or without Connect's embedded schema. @throws Unreadable */
export const readJson: Reader = (value) =>
  settled(withoutSchema(parseExactly(value.toString('utf8'))));

/** Opens a record's value. Never throws for what a record holds. */
export function openEnvelope(record: KafkaRecord, read: Reader = readJson): Envelope {
  try {
    return envelopeOf(record, read);
  } catch (error) {
    if (error instanceof Unreadable) {
      return { kind: 'unreadable', reason: error.reason, detail: error.message };
    }
    // What else recursion over a value can run into.
    if (error instanceof RangeError) return tooDeep;
    throw error;
  }
}

const tooDeep: Envelope = {
  kind: 'unreadable',
  reason: 'undecodable-json',
  detail: 'value is nested too deeply',
};

function envelopeOf(record: KafkaRecord, read: Reader): Envelope {
  if (isBinaryCloudEvent(record)) {
    return { kind: 'application', event: binaryCloudEvent(record, read) };
  }
  if (record.value === null) {
    const event = outboxEvent(record, null);
    return event === undefined ? { kind: 'tombstone' } : { kind: 'tombstone', event };
  }
  const content = read(record.value);
  if (isObject(content) && 'op' in content && 'source' in content) {
    const parsed = changeSchema.safeParse(content);
    if (!parsed.success) throw new Unreadable('schema-mismatch', problemsOf(parsed.error));
    return { kind: 'change', change: parsed.data };
  }
  if (isCloudEvent(record, content)) {
    return { kind: 'application', event: structuredCloudEvent(record, content) };
  }
  const fromOutbox = outboxEvent(record, content);
  if (fromOutbox !== undefined) return { kind: 'application', event: fromOutbox };
  if (isObject(content) && 'type' in content && 'data' in content) {
    const parsed = applicationSchema.safeParse(content);
    if (!parsed.success) throw new Unreadable('schema-mismatch', problemsOf(parsed.error));
    return { kind: 'application', event: { ...parsed.data, attributes: {} } };
  }
  return { kind: 'plain', content };
}
