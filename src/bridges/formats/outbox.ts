/**
 * Records of Debezium's outbox event router: the row's id in the header `id`, its type in a header
 * `eventType` or `type` (`table.fields.additional.placement=type:header:eventType`), its aggregate
 * in the key, and its payload in the value: JSON (`table.expand.json.payload`) or text with JSON.
 */
import type { KafkaRecord } from '../matching/record.js';
import { writtenAt } from '../matching/timestamp.js';
import { type ApplicationEvent, applicationSchema } from './application-event.js';
import { withoutSchema } from './connect-json.js';
import { isObject, parseJson } from './exact-json.js';
import { headerText } from './headers.js';
import { Unreadable } from './unreadable.js';

/**
 * The event of an outbox record, or `undefined` where the headers tell of none.
 * @throws Unreadable `schema-mismatch` where its time is the record's, and that is no date.
 */
export function outboxEvent(record: KafkaRecord, content: unknown): ApplicationEvent | undefined {
  const id = told(headerText(record, 'id'));
  const type = told(headerText(record, 'eventType')) ?? told(headerText(record, 'type'));
  if (id === undefined || type === undefined) return undefined;
  const attributes = { aggregate: told(record.key?.toString('utf8')) ?? null };
  const payload = payloadOf(content);
  // Some outboxes hold whole application events.
  const whole = applicationSchema.safeParse(payload);
  if (whole.success && whole.data.type === type && isObject(payload) && 'data' in payload) {
    return { ...whole.data, id, attributes };
  }
  return { id, type, occurredAt: writtenAt(record), data: payload, attributes };
}

function payloadOf(content: unknown): unknown {
  if (typeof content !== 'string') return content;
  try {
    return parseJson(content);
  } catch (error) {
    // The column is `jsonb` by default, but text is allowed.
    if (error instanceof Unreadable) return content;
    throw error;
  }
}

/** Text as Connect's converters write it: bare, as a JSON string, or with its schema. */
function told(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (!/^["{]/.test(text)) return text;
  try {
    const value = withoutSchema(parseJson(text));
    return typeof value === 'string' ? value : text;
  } catch (error) {
    if (error instanceof Unreadable) return text;
    throw error;
  }
}
