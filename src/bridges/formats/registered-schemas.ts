/**
 * Values in a schema registry's wire format, and the schemas that they name.
 *
 * R1 A value names its schema by id: a byte 0, the id as 32 bits, the content.
 * R2 What is fetched once is kept: an id never changes its schema.
 * R3 Only the registry's own word makes a schema unknown, and only for a minute: it may be
 *    registered late. A registry that does not answer is the moment's fault, not the record's.
 */
import type { KafkaRecord } from '../matching/record.js';
import { avroReader } from './avro.js';
import { jsonSchemaReader } from './json-schema.js';
import { protobufReader } from './protobuf.js';
import type { SchemaText, UnknownSchema } from './schema-registry.js';
import { Unreadable, complaintOf } from './unreadable.js';

const headBytes = 5;
const unknownForMs = 60_000;

type Entry =
  | { readonly read: (bytes: Buffer) => unknown }
  | { readonly problem: string; readonly until: number };

/** Fetches a schema; see `SchemaRegistry.schema`. */
export type FetchSchema = (id: number) => Promise<SchemaText | UnknownSchema>;

/** The id of the schema that a value names; `undefined` where it is not in the wire format. */
export function schemaIdOf(value: Buffer | null): number | undefined {
  if (value?.[0] !== 0 || value.length < headBytes) return undefined;
  return value.readUInt32BE(1);
}

export class RegisteredSchemas {
  readonly #fetch: FetchSchema;
  readonly #now: () => number;
  readonly #entries = new Map<number, Entry>();
  readonly #loading = new Map<number, Promise<void>>();

  constructor(fetch: FetchSchema, now: () => number = Date.now) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Loads what `records` name and is not known; `undefined` when that is nothing. */
  prepare(records: readonly KafkaRecord[]): Promise<void> | undefined {
    let missing: Set<number> | undefined;
    for (const { value } of records) {
      const id = schemaIdOf(value);
      if (id !== undefined && !this.#knows(id)) (missing ??= new Set()).add(id);
    }
    return missing === undefined ? undefined : this.#load([...missing]);
  }

  /**
   * Reads a value in the wire format.
   * @throws Unreadable; Error when its schema was not prepared.
   */
  read(value: Buffer): unknown {
    const id = value.readUInt32BE(1);
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`formats: schema ${id} was not prepared`);
    if ('problem' in entry) throw new Unreadable('unknown-schema', entry.problem);
    try {
      return entry.read(value.subarray(headBytes));
    } catch (error) {
      if (error instanceof Unreadable) throw error;
      const detail = `value does not decode by schema ${id}: ${complaintOf(error)}`;
      throw new Unreadable('undecodable-bytes', detail);
    }
  }

  #knows(id: number): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    return 'read' in entry || entry.until > this.#now();
  }

  async #load(ids: readonly number[]): Promise<void> {
    // One after the other: a batch rarely names more than one that is new.
    for (const id of ids) {
      const loading = this.#loading.get(id) ?? this.#loadOne(id);
      this.#loading.set(id, loading);
      await loading;
    }
  }

  async #loadOne(id: number): Promise<void> {
    try {
      this.#entries.set(id, this.#entryOf(id, await this.#fetch(id)));
    } finally {
      this.#loading.delete(id);
    }
  }

  #entryOf(id: number, schema: SchemaText | UnknownSchema): Entry {
    const until = this.#now() + unknownForMs;
    if ('unknown' in schema) return { problem: schema.unknown, until };
    try {
      return { read: readerOf(schema) };
    } catch (error) {
      const problem = `schema ${id} (${schema.type}) cannot be used: ${complaintOf(error)}`;
      return { problem, until };
    }
  }
}

function readerOf(schema: SchemaText): (bytes: Buffer) => unknown {
  switch (schema.type) {
    case 'AVRO':
      return avroReader(schema);
    case 'PROTOBUF':
      return protobufReader(schema);
    case 'JSON':
      return jsonSchemaReader(schema);
    default:
      throw new Error('its type is none of AVRO, PROTOBUF and JSON');
  }
}
