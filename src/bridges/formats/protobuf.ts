/**
 * Protobuf by a schema of the registry. Names are those of the `.proto` file; 64-bit integers beyond
 * a double and decimals are text, bytes base64, enums their names, timestamps ISO text, wrappers
 * their value; a field without presence that was not sent has its default.
 */
import protobuf from 'protobufjs';
import { decimalOf } from './decimal.js';
import { exactInteger, isObject } from './exact-json.js';
import type { SchemaText } from './schema-registry.js';

/** Files that schemas import without the registry having them, besides `google/protobuf`. */
const wellKnown: Readonly<Record<string, string>> = {
  'confluent/type/decimal.proto': `syntax = "proto3"; package confluent.type;
    message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }`,
  'google/type/date.proto': `syntax = "proto3"; package google.type;
    message Date { int32 year = 1; int32 month = 2; int32 day = 3; }`,
  'google/type/timeofday.proto': `syntax = "proto3"; package google.type;
    message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }`,
};

const wrapper = /^\.google\.protobuf\.(Bool|Bytes|Double|Float|String|U?Int(32|64))Value$/;
const parsing = { keepCase: true } as const;

/** A reader of values of this schema; the reader throws for what does not fit. @throws Error */
export function protobufReader({ text, references }: SchemaText): (bytes: Buffer) => unknown {
  const root = new protobuf.Root();
  const files = new Map(references.map((reference) => [reference.name, reference.text]));
  addFile(root, text, files, new Set());
  root.resolveAll();
  // The index counts the messages of this file alone; the others share its root.
  const alone = new protobuf.Root();
  const { package: namespace } = protobuf.parse(text, alone, parsing);
  const top = namespace === undefined ? alone : alone.lookup(namespace);
  if (!(top instanceof protobuf.Namespace)) throw new Error('it declares no message');
  const types = new Map<string, protobuf.Type>();
  return (bytes) => {
    const { indexes, end } = messageIndexes(bytes);
    const key = indexes.join('.');
    const type = types.get(key) ?? root.lookupType(nameAt(top, indexes));
    types.set(key, type);
    const message = type.decode(bytes.subarray(end));
    return plain(type, type.toObject(message, { longs: String, enums: String, defaults: true }));
  };
}

function addFile(
  root: protobuf.Root,
  text: string,
  files: ReadonlyMap<string, string>,
  added: Set<string>,
): void {
  const { imports = [], weakImports = [] } = protobuf.parse(text, root, parsing);
  for (const name of [...imports, ...weakImports]) {
    if (added.has(name)) continue;
    added.add(name);
    const file = files.get(name) ?? wellKnown[name];
    const common = protobuf.common.get(name)?.nested;
    // Files that only declare options may be missing; a missing message fails when it is resolved.
    if (file !== undefined) addFile(root, file, files, added);
    else if (common != null) root.addJSON(common);
  }
}

/** The path to the message: a count and that many indexes, zigzag; a single 0 is the first. */
function messageIndexes(bytes: Buffer): { readonly indexes: readonly number[]; end: number } {
  const reader = protobuf.Reader.create(bytes);
  const count = reader.sint32();
  if (count < 0 || count > 32) throw new Error(`its message index has ${count} parts`);
  const indexes = Array.from({ length: count }, () => reader.sint32());
  return { indexes: count === 0 ? [0] : indexes, end: reader.pos };
}

function nameAt(top: protobuf.NamespaceBase, indexes: readonly number[]): string {
  let scope = top;
  for (const index of indexes) {
    const messages = scope.nestedArray.filter((each) => each instanceof protobuf.Type);
    const message = messages[index];
    if (message === undefined) throw new Error(`it has no message ${indexes.join('.')}`);
    scope = message;
  }
  return scope.fullName;
}

/** A message as the rest of the bridge knows values. */
function plain(type: protobuf.Type, value: Readonly<Record<string, unknown>>): unknown {
  const whole = wellKnownValue(type, value);
  if (whole !== undefined) return whole;
  const entries = type.fieldsArray.flatMap((field): [string, unknown][] => {
    if (!(field.name in value)) return [];
    return [[field.name, fieldValue(field, value[field.name])]];
  });
  return Object.fromEntries(entries);
}

function fieldValue(field: protobuf.Field, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  const one = (item: unknown): unknown => {
    const { resolvedType } = field;
    if (resolvedType instanceof protobuf.Type) return plain(resolvedType, item as never);
    return scalar(field, item);
  };
  if (field.map && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, one(item)]));
  }
  return Array.isArray(value) ? value.map(one) : one(value);
}

function scalar({ type }: protobuf.Field, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return type.endsWith('64') && typeof value === 'string' ? exactInteger(BigInt(value)) : value;
}

/** Messages that stand for one value. `undefined`: it is none of them. */
function wellKnownValue(type: protobuf.Type, value: Readonly<Record<string, unknown>>): unknown {
  const { fullName } = type;
  if (fullName === '.google.protobuf.Timestamp') {
    const ms = Number(value['seconds']) * 1000 + Number(value['nanos']) / 1e6;
    return new Date(ms).toISOString();
  }
  const [only] = type.fieldsArray;
  if (wrapper.test(fullName) && only !== undefined) return scalar(only, value['value']);
  if (fullName === '.confluent.type.Decimal' || type.name === 'VariableScaleDecimal') {
    const { value: unscaled, scale } = value;
    if (unscaled instanceof Uint8Array && typeof scale === 'number') {
      return decimalOf(unscaled, scale);
    }
  }
  return undefined;
}
