import { expect, test } from 'vitest';
import { jsonSchemaReader } from '../../../src/bridges/formats/json-schema.js';
import { aSchema } from '../../support/registered.js';

const card = {
  type: 'object',
  required: ['id', 'data'],
  properties: {
    id: { type: 'string' },
    at: { type: 'string', format: 'date-time' },
    data: { $ref: 'data.json' },
  },
};
const data = { type: 'object', properties: { big: { type: 'integer' } }, required: ['big'] };
const references = [{ name: 'data.json', text: JSON.stringify(data) }];

test.each([
  ['no draft', {}],
  ['draft 4', { $schema: 'http://json-schema.org/draft-04/schema#' }],
  ['draft 6', { $schema: 'http://json-schema.org/draft-06/schema#' }],
  ['draft 7', { $schema: 'http://json-schema.org/draft-07/schema#' }],
  ['2019-09', { $schema: 'https://json-schema.org/draft/2019-09/schema' }],
  ['2020-12', { $schema: 'https://json-schema.org/draft/2020-12/schema' }],
])('%s: what fits is opened exactly, what does not names its field', (_, draft) => {
  const read = jsonSchemaReader(aSchema('JSON', { ...draft, ...card }, references));
  const long = '{"id":"e1","at":"2024-03-29T18:40:00Z","data":{"big":9007199254740993}}';
  expect(read(Buffer.from(long))).toMatchObject({ data: { big: '9007199254740993' } });
  expect(() => read(Buffer.from('{"id":"e1","data":{"big":"x"}}'))).toThrow(
    'data.big: must be integer',
  );
  expect(() => read(Buffer.from('{"id":"e1","at":"now","data":{"big":1}}'))).toThrow('at: ');
  expect(() => read(Buffer.from('{"id":'))).toThrow('value is not JSON');
});

test('Debezium through Connect’s JSON Schema converter: precise decimals become text', () => {
  const amount = {
    type: 'string',
    title: 'org.apache.kafka.connect.data.Decimal',
    'connect.version': 1,
    'connect.type': 'bytes',
    'connect.parameters': { scale: '2', 'connect.decimal.precision': '12' },
  };
  const row = {
    type: 'object',
    title: 'shop.public.orders.Value',
    properties: {
      order_id: { type: 'integer', 'connect.type': 'int64' },
      amount: { oneOf: [{ type: 'null' }, amount] },
      rates: { type: 'array', items: amount },
      taxes: { type: 'object', 'connect.type': 'map', additionalProperties: amount },
    },
  };
  const schema = {
    type: 'object',
    title: 'shop.public.orders.Envelope',
    definitions: { Row: row },
    properties: {
      before: { oneOf: [{ type: 'null' }, { $ref: '#/definitions/Row' }] },
      after: { oneOf: [{ type: 'null' }, { $ref: '#/definitions/Row' }] },
    },
  };
  const value = {
    before: null,
    after: { order_id: 1, amount: 'YZ8=', rates: ['AQ=='], taxes: { vat: 'Cgo=' } },
  };
  const read = jsonSchemaReader(aSchema('JSON', schema));
  expect(read(Buffer.from(JSON.stringify(value)))).toEqual({
    before: null,
    after: { order_id: 1, amount: '249.91', rates: ['0.01'], taxes: { vat: '25.70' } },
  });
});

test('what is no schema is refused when it is loaded', () => {
  for (const text of ['{', '7', '{"type":"no such type"}', '{"$ref":"gone.json"}']) {
    expect(() => jsonSchemaReader(aSchema('JSON', text))).toThrow(Error);
  }
});
