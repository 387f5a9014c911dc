/**
 * How records become envelopes. Opening is synchronous, because the engine decides record by
 * record; what has to be fetched first (schemas from a registry) is fetched by `prepare`.
 */
import type { Config } from '../../config.js';
import { type Envelope, openEnvelope, readJson } from './envelope.js';
import { RegisteredSchemas, schemaIdOf } from '../formats/registered-schemas.js';
import { type RegistrySettings, SchemaRegistry } from '../formats/schema-registry.js';
import { Unreadable } from '../formats/unreadable.js';
import type { KafkaRecord } from './record.js';

export interface Decoder {
  /**
   * Opens a record's value. Never throws for what a record holds.
   * @throws Error when `prepare` has not been awaited for this record.
   */
  open(record: KafkaRecord): Envelope;
  /**
   * Loads the schemas that `records` name and that are not known yet; `undefined` when nothing is
   * to be loaded, which is the fast path. A schema that the registry does not know, or that is no
   * schema, is remembered: `open` then answers `unreadable`.
   *
   * Rejects with `RegistryUnavailable` when the registry does not answer, a reason of the moment:
   * try again. With `RegistryRefused` when it refuses, which holds for all records: halt.
   */
  prepare(records: readonly KafkaRecord[]): Promise<void> | undefined;
}

export interface DecoderOptions {
  /** A Confluent-compatible schema registry; absent: values that need one are rejected. */
  readonly registry?: RegistrySettings | undefined;
}

/** @throws TypeError when the registry's address is none. */
export function createDecoder({ registry }: DecoderOptions = {}): Decoder {
  if (registry === undefined) {
    return {
      open: (record) => openEnvelope(record, readWithoutRegistry),
      prepare: () => undefined,
    };
  }
  const source = new SchemaRegistry(registry);
  const schemas = new RegisteredSchemas((id) => source.schema(id));
  const read = (value: Buffer): unknown =>
    schemaIdOf(value) === undefined ? readJson(value) : schemas.read(value);
  return {
    open: (record) => openEnvelope(record, read),
    prepare: (records) => schemas.prepare(records),
  };
}

type RegistryConfig = Pick<
  Config,
  'SCHEMA_REGISTRY_URL' | 'SCHEMA_REGISTRY_USERNAME' | 'SCHEMA_REGISTRY_PASSWORD'
>;

/** The decoder that the configuration asks for. */
export function configuredDecoder(config: RegistryConfig): Decoder {
  const { SCHEMA_REGISTRY_URL: url } = config;
  if (url === undefined) return createDecoder();
  const username = config.SCHEMA_REGISTRY_USERNAME;
  return createDecoder({ registry: { url, username, password: config.SCHEMA_REGISTRY_PASSWORD } });
}

function readWithoutRegistry(value: Buffer): unknown {
  const id = schemaIdOf(value);
  if (id === undefined) return readJson(value);
  const detail = `value names schema ${id} of a registry, but SCHEMA_REGISTRY_URL is not set`;
  throw new Unreadable('unknown-schema', detail);
}
