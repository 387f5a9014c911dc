/** A fact that an application published itself, whichever format carried it. */
import { z } from 'zod';
import { isObject } from './exact-json.js';

/** Milliseconds between these are moments since 1973; smaller ones are likely seconds. */
const [earliestMs, latestMs] = [100_000_000_000, 253_402_300_799_999];

/** ISO 8601 with its offset, or milliseconds since the epoch, as Avro's `timestamp-millis` is. */
export const moment = z.union([
  z.iso.datetime({ offset: true }),
  z
    .number()
    .int()
    .min(earliestMs, 'is not in milliseconds since the epoch')
    .max(latestMs, 'is not in milliseconds since the epoch')
    .transform((ms) => new Date(ms).toISOString()),
]);

const fields = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  type: z.string().min(1),
  occurredAt: moment,
  data: z.unknown(),
});

/** Names of Protobuf and Avro are often written in the other fashion. */
export const applicationSchema = z.preprocess((content: unknown) => {
  if (!isObject(content) || !('occurred_at' in content)) return content;
  return { occurredAt: content['occurred_at'], ...content };
}, fields);

/**
 * A fact that an application published itself.
 * - `id`: for CloudEvents source and id, for the outbox the id of its row;
 * - `occurredAt`: ISO 8601; where the format tells no time, that of the record;
 * - `attributes`: what the format tells beside: CloudEvents' source, subject and extensions; the
 *   outbox's aggregate.
 */
export interface ApplicationEvent {
  readonly id: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly data: unknown;
  readonly attributes: Readonly<Record<string, unknown>>;
}
