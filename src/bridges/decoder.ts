/**
 * How records become envelopes. Opening is synchronous, because the engine decides record by
 * record; what has to be fetched first (schemas from a registry) is fetched by `prepare`.
 */
import { type Envelope, openEnvelope } from './envelope.js';
import type { KafkaRecord } from './record.js';

export interface Decoder {
  /** Opens a record's value. Never throws for what a record holds. */
  open(record: KafkaRecord): Envelope;
  /**
   * Loads the schemas that `records` name and that are not known yet; `undefined` when nothing is
   * to be loaded, which is the fast path. A schema that the registry does not know, or that is no
   * schema, is remembered: `open` then answers `unreadable`.
   * Rejects when the registry cannot be reached, which is a reason of the moment: try again.
   */
  prepare(records: readonly KafkaRecord[]): Promise<void> | undefined;
}

/** A decoder for everything that needs no schema registry. */
export function createDecoder(): Decoder {
  return { open: openEnvelope, prepare: () => undefined };
}
