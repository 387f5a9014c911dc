/**
 * Values of Kafka Connect's JSON converter with `schemas.enable`: `{ "schema", "payload" }`.
 *
 * The schema says which texts are decimals (`decimal.handling.mode=precise`): they become decimal
 * text, as `string` would have sent them. Everything else, times included, stays as it was sent, so
 * that a row looks the same whether its schema is embedded or not.
 */
import { LosslessNumber } from 'lossless-json';
import { NotDecimal, decimalOfBase64 } from './decimal.js';
import { isObject } from './exact-json.js';
import { Unreadable } from './unreadable.js';

/** Changes the values that need it, the others are handed through; `path` is for complaints. */
type Converter = (value: unknown, path: string) => unknown;

/** The payload of `content` where it carries its schema, else `content` itself. */
export function withoutSchema(content: unknown): unknown {
  if (!isObject(content) || !('schema' in content) || !('payload' in content)) return content;
  return connectConverter(content['schema'])(content['payload']);
}

/** Changes values of this schema; see above. @throws Unreadable naming the field. */
export function connectConverter(schema: unknown): (value: unknown) => unknown {
  const convert = converterOf(schema);
  return convert === undefined ? (value) => value : (value) => convert(value, '');
}

/** `undefined` where nothing inside needs to be changed. */
function converterOf(schema: unknown): Converter | undefined {
  if (!isObject(schema)) return undefined;
  switch (schema['name']) {
    case 'org.apache.kafka.connect.data.Decimal':
      return fixedScale(Number(isObject(schema['parameters']) && schema['parameters']['scale']));
    case 'io.debezium.data.VariableScaleDecimal':
      return ownScale;
  }
  if (schema['type'] === 'struct' && Array.isArray(schema['fields'])) {
    return ofFields(schema['fields']);
  }
  if (schema['type'] === 'array') return ofItems(converterOf(schema['items']));
  if (schema['type'] === 'map') return ofValues(converterOf(schema['values']));
  return undefined;
}

function fixedScale(scale: number): Converter {
  return (value, path) => decimal(value, scale, path);
}

const ownScale: Converter = (value, path) =>
  isObject(value) && typeof value['scale'] === 'number'
    ? decimal(value['value'], value['scale'], path)
    : value;

/** Base64, or the number itself where the converter runs with `decimal.format=NUMERIC`. */
function decimal(value: unknown, scale: number, path: string): unknown {
  if (typeof value === 'number') return String(value);
  if (value instanceof LosslessNumber) return value.toString();
  if (typeof value !== 'string') return value;
  try {
    return decimalOfBase64(value, scale);
  } catch (error) {
    if (!(error instanceof NotDecimal)) throw error;
    throw new Unreadable('schema-mismatch', `${path}: ${error.message}`);
  }
}

function ofFields(fields: readonly unknown[]): Converter | undefined {
  const changing = fields.flatMap((field): [string, Converter][] => {
    const convert = converterOf(field);
    const name = isObject(field) ? field['field'] : undefined;
    return convert === undefined || typeof name !== 'string' ? [] : [[name, convert]];
  });
  if (changing.length === 0) return undefined;
  return (value, path) => {
    if (!isObject(value)) return value;
    const converted = changing.flatMap(([name, convert]): [string, unknown][] =>
      name in value ? [[name, convert(value[name], path === '' ? name : `${path}.${name}`)]] : [],
    );
    return { ...value, ...Object.fromEntries(converted) };
  };
}

function ofItems(convert: Converter | undefined): Converter | undefined {
  if (convert === undefined) return undefined;
  return (value, path) =>
    Array.isArray(value) ? value.map((item) => convert(item, `${path}[]`)) : value;
}

/** Maps with keys of text are objects; those with other keys are lists of pairs. */
function ofValues(convert: Converter | undefined): Converter | undefined {
  if (convert === undefined) return undefined;
  return (value, path) => {
    if (Array.isArray(value)) {
      return value.map((pair: unknown) =>
        Array.isArray(pair) ? [pair[0], convert(pair[1], `${path}[]`)] : pair,
      );
    }
    if (!isObject(value)) return value;
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, item]) => [key, convert(item, `${path}.${key}`)]));
  };
}
