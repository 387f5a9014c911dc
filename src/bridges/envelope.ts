/**
 * What is inside a record's value: a change event of Debezium (with or without its embedded
 * schema), an application event, JSON of another shape, or a reason why it cannot be read. Pure.
 *
 * Numbers that a double cannot hold exactly become decimal strings: money and 64-bit keys survive.
 */
import { isSafeNumber, parse } from 'lossless-json';
import { z } from 'zod';
import type { KafkaRecord } from './record.js';
import type { RejectReason } from './rejection.js';
import { problemsOf } from './schema.js';

export type Row = Readonly<Record<string, unknown>>;

/** Debezium's operation codes: create, update, delete, snapshot read, truncate, message. */
const operations = ['c', 'u', 'd', 'r', 't', 'm'] as const;

const changeSchema = z.object({
  op: z.enum(operations),
  before: z.record(z.string(), z.unknown()).nullish(),
  after: z.record(z.string(), z.unknown()).nullish(),
  ts_ms: z.number().int().nullish(),
  source: z.looseObject({
    db: z.string(),
    schema: z.string().nullish(),
    table: z.string(),
    ts_ms: z.number().int().nullish(),
    lsn: z.union([z.number(), z.string()]).nullish(),
    sequence: z.string().nullish(),
  }),
});

const applicationSchema = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  type: z.string().min(1),
  occurredAt: z.iso.datetime({ offset: true }),
  data: z.unknown(),
  attributes: z.record(z.string(), z.unknown()).default({}),
});

/** A row change, as Debezium tells it. */
export type Change = z.infer<typeof changeSchema>;

/**
 * A fact that an application published itself. `attributes` is what its format tells beside it
 * (CloudEvents' source, subject and extensions).
 */
export type ApplicationEvent = z.infer<typeof applicationSchema>;

export type Envelope =
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'application'; readonly event: ApplicationEvent }
  /** A value of another shape: for sources that match by topic, key or header alone. */
  | { readonly kind: 'plain'; readonly content: unknown }
  /** Kafka's deletion marker, which Debezium sends after a delete. */
  | { readonly kind: 'tombstone' }
  | { readonly kind: 'unreadable'; readonly reason: RejectReason; readonly detail: string };

/** Opens a record's value. Never throws. */
export function openEnvelope(record: KafkaRecord): Envelope {
  if (record.value === null) return { kind: 'tombstone' };
  let content: unknown;
  try {
    content = parse(record.value.toString('utf8'), undefined, exactNumber);
  } catch (error) {
    const detail = `value is not JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { kind: 'unreadable', reason: 'undecodable-json', detail };
  }
  const body = withoutSchema(content);
  if (isObject(body) && 'op' in body && 'source' in body) {
    const parsed = changeSchema.safeParse(body);
    return parsed.success ? { kind: 'change', change: parsed.data } : mismatch(parsed.error);
  }
  if (isObject(body) && 'type' in body && 'data' in body) {
    const parsed = applicationSchema.safeParse(body);
    return parsed.success ? { kind: 'application', event: parsed.data } : mismatch(parsed.error);
  }
  return { kind: 'plain', content: body };
}

function exactNumber(text: string): number | string {
  return isSafeNumber(text) ? Number(text) : text;
}

/** Connect's JSON converter wraps the value when `schemas.enable` is on. */
function withoutSchema(content: unknown): unknown {
  return isObject(content) && 'schema' in content && 'payload' in content
    ? content['payload']
    : content;
}

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mismatch(error: z.ZodError): Envelope {
  return { kind: 'unreadable', reason: 'schema-mismatch', detail: problemsOf(error) };
}
