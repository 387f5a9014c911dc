/** Debezium's change event, whichever format carried it. */
import { z } from 'zod';

export type Row = Readonly<Record<string, unknown>>;

/** Debezium's operation codes: create, update, delete, snapshot read, truncate, message. */
const operations = ['c', 'u', 'd', 'r', 't', 'm'] as const;

/** A 64-bit integer: text where a double cannot hold it. */
const integer = z.union([z.number().int(), z.string()]);

export const changeSchema = z.object({
  op: z.enum(operations),
  before: z.record(z.string(), z.unknown()).nullish(),
  after: z.record(z.string(), z.unknown()).nullish(),
  ts_ms: z.number().int().nullish(),
  source: z.looseObject({
    name: z.string().nullish(),
    db: z.string(),
    schema: z.string().nullish(),
    table: z.string(),
    ts_ms: z.number().int().nullish(),
    lsn: integer.nullish(),
    sequence: z.string().nullish(),
  }),
});

/** A row change, as Debezium tells it. */
export type Change = z.infer<typeof changeSchema>;
