/** JSON by a JSON Schema of the registry: validated, then opened as any JSON. */
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import draft6 from 'ajv/dist/refs/json-schema-draft-06.json' with { type: 'json' };
import AjvDraft4 from 'ajv-draft-04';
import { fullFormats } from 'ajv-formats/dist/formats.js';
import { connectConverter } from './connect-json.js';
import { isObject, parseExactly, settled } from './exact-json.js';
import type { SchemaText } from './schema-registry.js';
import { Unreadable } from './unreadable.js';

/** What the drafts' validators have in common. */
interface Validator {
  addSchema(schema: object, name: string): unknown;
  compile(schema: object): ValidateFunction;
}

const options: Options = { strict: false, logger: false, formats: fullFormats };

/** A reader of values of this schema. @throws Error when it is no schema. */
export function jsonSchemaReader({ text, references }: SchemaText): (bytes: Buffer) => unknown {
  const schema: unknown = JSON.parse(text);
  if (!isObject(schema)) throw new Error('it is no object');
  const validator = validatorFor(schema['$schema']);
  for (const { name, text: referred } of references) {
    validator.addSchema(JSON.parse(referred) as object, name);
  }
  const validate = validator.compile(schema);
  const convert = connectConverter(connectSchemaOf(schema, schema, 0));
  return (bytes) => {
    const value = bytes.toString('utf8');
    const content = parseExactly(value);
    // Validated as the native parser sees it: there a long number is a number, not text.
    if (!validate(JSON.parse(value))) throw mismatch(validate);
    return settled(convert(content));
  };
}

function validatorFor(draft: unknown): Validator {
  const name = typeof draft === 'string' ? draft : '';
  const validator = name.includes('2020-12')
    ? new Ajv2020(options)
    : name.includes('2019-09')
      ? new Ajv2019(options)
      : name.includes('draft-04')
        ? new AjvDraft4.default(options)
        : new Ajv(options);
  if (name.includes('draft-06')) validator.addMetaSchema(draft6);
  return validator;
}

function mismatch({ errors }: ValidateFunction): Unreadable {
  const problems = (errors ?? []).map(({ instancePath, message }) => {
    const field = instancePath.slice(1).replaceAll('/', '.');
    return `${field === '' ? 'value' : field}: ${message ?? 'does not fit its schema'}`;
  });
  return new Unreadable('schema-mismatch', problems.join('; '));
}

/**
 * Connect's schema, where Connect's JSON Schema converter wrote this one: it leaves names in
 * `title`, parameters in `connect.parameters`.
 */
function connectSchemaOf(node: unknown, root: object, depth: number): unknown {
  // Schemas may refer to themselves; rows do not nest so deeply.
  if (!isObject(node) || depth > 8) return undefined;
  const below = (part: unknown): unknown => connectSchemaOf(part, root, depth + 1);
  const { title: name, properties, items, $ref: reference, oneOf } = node;
  if (typeof reference === 'string') return below(referredIn(root, reference));
  if (Array.isArray(oneOf)) return oneOf.map(below).find((branch) => branch !== undefined);
  if (isObject(properties)) {
    const fields = Object.entries(properties).flatMap(([field, part]) => {
      const schema = below(part);
      return isObject(schema) ? [{ ...schema, field }] : [];
    });
    return { type: 'struct', name, fields };
  }
  if (isObject(items)) return { type: 'array', items: below(items) };
  if (node['connect.type'] === 'map') {
    return { type: 'map', values: below(node['additionalProperties']) };
  }
  const parameters = node['connect.parameters'];
  return parameters === undefined ? undefined : { type: node['connect.type'], name, parameters };
}

/** What `#/definitions/Row` leads to. */
function referredIn(root: object, reference: string): unknown {
  const [start, ...path] = reference.split('/');
  if (start !== '#') return undefined;
  return path.reduce<unknown>((node, part) => (isObject(node) ? node[part] : undefined), root);
}
