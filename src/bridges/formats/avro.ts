/**
 * Avro by its schema. Rows look as Debezium's JSON: 64-bit integers beyond a double and decimals
 * are text, other bytes base64, unions are their value, times the numbers that were written.
 */
import avro, { type Schema, type Type } from 'avsc';
import { decimalOf } from './decimal.js';
import { exactInteger, isObject } from './exact-json.js';
import type { SchemaText } from './schema-registry.js';

/** The parts of avsc's reader that guarding arrays and maps needs. */
interface Tap {
  readonly buf: Buffer;
  readonly pos: number;
  readLong(): number;
  readString(): string | undefined;
}
type Readable = Type & { _read(tap: Tap): unknown };

const exactLong = avro.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => exactInteger(bytes.readBigInt64LE()),
  toBuffer: (value: number | string) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: (value: unknown) => value,
  toJSON: (value: unknown) => value,
  isValid: (value: unknown) => typeof value === 'number' || typeof value === 'string',
  compare: () => 0,
});

/** Decimal of bytes or fixed, its scale in the schema. */
class Decimal extends avro.types.LogicalType {
  readonly #scale: number;

  constructor(schema: Schema, options?: unknown) {
    super(schema, options);
    const scale: unknown = isObject(schema) ? schema['scale'] : undefined;
    this.#scale = typeof scale === 'number' ? scale : 0;
  }

  protected override _fromValue(value: unknown): string {
    if (!Buffer.isBuffer(value)) throw new Error('value ends too early');
    return decimalOf(value, this.#scale);
  }
}

/** Debezium's decimal that carries its own scale. */
class VariableScaleDecimal extends avro.types.LogicalType {
  protected override _fromValue(value: unknown): string {
    const { scale, value: unscaled } = value as { scale: unknown; value: unknown };
    if (typeof scale !== 'number' || !Buffer.isBuffer(unscaled)) {
      throw new Error('value ends too early');
    }
    return decimalOf(unscaled, scale);
  }
}

const logicalTypes = {
  decimal: Decimal,
  'variable-scale-decimal': VariableScaleDecimal,
} as unknown as Record<string, new (schema: Schema) => avro.types.LogicalType>;

/** A reader of values of this schema; the reader throws for what does not fit. @throws Error */
export function avroReader({ text, references }: SchemaText): (bytes: Buffer) => unknown {
  const registry: Record<string, Type> = { long: exactLong };
  const typeOf = (schema: string): Type =>
    avro.Type.forSchema(prepared(JSON.parse(schema)) as Schema, {
      registry,
      logicalTypes,
      typeHook: guarded,
      wrapUnions: 'never',
      omitRecordMethods: true,
    });
  for (const reference of references) typeOf(reference.text);
  const type = typeOf(text);
  return (bytes) => plain(type.fromBuffer(bytes));
}

/**
 * The schema as reading needs it: without defaults, which serve other schema's readers and would
 * have to pass our types; without attributes of integers, for which avsc would take its own type;
 * Debezium's own decimal marked.
 */
function prepared(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(prepared);
  if (!isObject(schema)) return schema;
  if (schema['type'] === 'long' && !('name' in schema)) return 'long';
  const nested = ['fields', 'type', 'items', 'values'];
  const parts = Object.entries(schema)
    .filter(([key]) => key !== 'default')
    .map(([key, part]) => [key, nested.includes(key) ? prepared(part) : part] as const);
  const result: Record<string, unknown> = Object.fromEntries(parts);
  if (schema['type'] === 'record' && /(^|\.)VariableScaleDecimal$/.test(String(schema['name']))) {
    result['logicalType'] = 'variable-scale-decimal';
  }
  return result;
}

/**
 * avsc trusts the lengths of arrays and maps: a broken record could ask for 2^50 items. No value
 * has more items than bytes.
 */
function guarded(schema: Schema, options: unknown): Type | undefined {
  if (!isObject(schema)) return undefined;
  if (schema['type'] === 'array') return new GuardedArray(schema, options);
  return schema['type'] === 'map' ? new GuardedMap(schema, options) : undefined;
}

class GuardedArray extends avro.types.ArrayType {
  _read(tap: Tap): unknown[] {
    const items = this.itemsType as Readable;
    const values: unknown[] = [];
    eachItem(tap, () => values.push(items._read(tap)));
    return values;
  }
}

class GuardedMap extends avro.types.MapType {
  _read(tap: Tap): object {
    const values = this.valuesType as Readable;
    const entries: [string, unknown][] = [];
    eachItem(tap, () => entries.push([tap.readString() ?? '', values._read(tap)]));
    return Object.fromEntries(entries);
  }
}

/** Blocks of items: their number, if negative followed by their size, until a block of none. */
function eachItem(tap: Tap, read: () => void): void {
  let left = tap.buf.length;
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) tap.readLong();
    for (let item = Math.abs(count); item > 0; item -= 1) {
      left -= 1;
      if (left < 0 || tap.pos > tap.buf.length) throw new Error('value ends too early');
      read();
    }
  }
}

/** avsc's records have a class of their own; the rest of the bridge knows plain objects. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
