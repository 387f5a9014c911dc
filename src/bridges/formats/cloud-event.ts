/**
 * CloudEvents 1.0 in Kafka. Structured: the value is the event as JSON, said by its `content-type`
 * (or by its `specversion`, because many producers leave the header out). Binary: the value is the
 * data, the attributes are headers `ce_…`.
 */
import { z } from 'zod';
import type { KafkaRecord } from '../matching/record.js';
import { problemsOf } from '../matching/schema.js';
import { writtenAt } from '../matching/timestamp.js';
import type { ApplicationEvent } from './application-event.js';
import type { Row } from './change.js';
import { isObject, parseJson } from './exact-json.js';
import { headerText } from './headers.js';
import { Unreadable } from './unreadable.js';

const attributesSchema = z.looseObject({
  specversion: z.string().regex(/^1\.\d+$/, 'is not a version that is known: 1.x'),
  id: z.string().min(1),
  source: z.string().min(1),
  type: z.string().min(1),
  time: z.iso.datetime({ offset: true }).optional(),
  datacontenttype: z.string().optional(),
});

/** Whether the headers say that the value is the event's data. */
export function isBinaryCloudEvent(record: KafkaRecord): boolean {
  return headerText(record, 'ce_specversion') !== undefined;
}

/** Whether the headers, or else the shape, say that the content is a whole event. */
export function isCloudEvent(record: KafkaRecord, content: unknown): boolean {
  if (/^application\/cloudevents\b/i.test(headerText(record, 'content-type') ?? '')) return true;
  return (
    isObject(content) && ['specversion', 'id', 'source', 'type'].every((key) => key in content)
  );
}

/** @throws Unreadable `schema-mismatch` naming the attribute. */
export function structuredCloudEvent(record: KafkaRecord, content: unknown): ApplicationEvent {
  const { data, data_base64: bytes, ...attributes }: Row = isObject(content) ? content : {};
  if (bytes === undefined) return cloudEvent(record, attributes, data ?? null);
  if (typeof bytes !== 'string') throw new Unreadable('schema-mismatch', 'data_base64: no text');
  const type = attributes['datacontenttype'];
  const isText = typeof type === 'string' && isJson(type);
  const inside: unknown = isText ? parseJson(Buffer.from(bytes, 'base64').toString('utf8')) : bytes;
  return cloudEvent(record, attributes, inside);
}

/**
 * `read` reads data that is JSON or in a registry's wire format; text stays text, and other bytes
 * become base64.
 * @throws Unreadable `schema-mismatch` naming the attribute; whatever `read` throws.
 */
export function binaryCloudEvent(
  record: KafkaRecord,
  read: (value: Buffer) => unknown,
): ApplicationEvent {
  const names = Object.keys(record.headers).filter((name) => name.startsWith('ce_'));
  const told = names.map((name): [string, unknown] => [name.slice(3), headerText(record, name)]);
  const type = headerText(record, 'content-type');
  const attributes = Object.fromEntries(told);
  if (type !== undefined) attributes['datacontenttype'] = type;
  return cloudEvent(record, attributes, dataOf(record.value, type, read));
}

function dataOf(
  value: Buffer | null,
  type: string | undefined,
  read: (value: Buffer) => unknown,
): unknown {
  if (value === null) return null;
  if (type === undefined || isJson(type) || value[0] === 0) return read(value);
  return /^text\//i.test(type) ? value.toString('utf8') : value.toString('base64');
}

/** Identity is source and id together; no URI holds a space, so that two never run together. */
function cloudEvent(
  record: KafkaRecord,
  attributes: Readonly<Record<string, unknown>>,
  data: unknown,
): ApplicationEvent {
  const parsed = attributesSchema.safeParse(attributes);
  if (!parsed.success) throw new Unreadable('schema-mismatch', problemsOf(parsed.error));
  const { id, source, type, time } = parsed.data;
  return {
    id: `${source} ${id}`,
    type,
    occurredAt: time ?? writtenAt(record),
    data,
    attributes,
  };
}

function isJson(contentType: string): boolean {
  return /^[\w.+-]+\/([\w.-]+\+)?json\b/i.test(contentType);
}
