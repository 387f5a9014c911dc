/** Holds fetched records back until what is needed to open them is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Decoder } from './decoder.js';
import { RegistryUnavailable } from './formats/schema-registry.js';
import type { KafkaRecord } from './record.js';

export interface SchemaLoading {
  readonly decoder: Decoder;
  readonly log: Logger;
  /** Called when no retry can mend it: the reason holds for every record. */
  readonly halt: (cause: string) => void;
  /** Keeps the membership while it waits; throws when that is lost. */
  readonly heartbeat: () => Promise<void>;
  /** True when nobody waits for the records any more. */
  readonly ended: () => boolean;
  readonly everyMs?: number;
}

/**
 * Resolves when every schema that `records` name is known. While the registry does not answer it
 * waits: these records must not be passed over, nor be blamed. `undefined`: there is nothing to load.
 * @throws RegistryRefused after `halt`; RegistryUnavailable when it has ended; what `heartbeat` throws.
 */
export function loadSchemas(
  records: readonly KafkaRecord[],
  loading: SchemaLoading,
): Promise<void> | undefined {
  const first = loading.decoder.prepare(records);
  return first === undefined ? undefined : insist(first, records, loading);
}

async function insist(
  first: Promise<void>,
  records: readonly KafkaRecord[],
  { decoder, log, halt, heartbeat, ended, everyMs = 1_000 }: SchemaLoading,
): Promise<void> {
  let trying: Promise<void> | undefined = first;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await trying;
      return;
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      if (!(error instanceof RegistryUnavailable)) {
        halt(cause);
        throw error;
      }
      if (ended()) throw error;
      // The first failures are everyday; then an operator should know.
      log[attempt % 30 === 5 ? 'warn' : 'debug']({ cause, attempt }, 'records wait for schemas');
    }
    await sleep(everyMs);
    await heartbeat();
    trying = decoder.prepare(records);
  }
}
