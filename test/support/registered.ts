/** Builders: values in a schema registry's wire format, and schemas as a registry answers them. */
import type { SchemaText } from '../../src/bridges/formats/schema-registry.js';

/** A byte 0, the schema's id as 32 bits, the content. */
export function wireFormat(id: number, content: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, content]);
}

export function aSchema(
  type: 'AVRO' | 'PROTOBUF' | 'JSON',
  schema: unknown,
  references: SchemaText['references'] = [],
): SchemaText {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  return { type, text, references };
}

const decimal = {
  type: 'bytes',
  scale: 2,
  precision: 12,
  'connect.version': 1,
  'connect.parameters': { scale: '2', 'connect.decimal.precision': '12' },
  'connect.name': 'org.apache.kafka.connect.data.Decimal',
  logicalType: 'decimal',
};

const row = {
  type: 'record',
  name: 'Value',
  fields: [
    { name: 'order_id', type: { type: 'long', 'connect.default': 0 }, default: 0 },
    { name: 'status', type: { type: 'string', 'connect.default': 'pending' }, default: 'pending' },
    { name: 'amount', type: decimal },
    { name: 'tax', type: ['null', decimal], default: null },
    {
      name: 'weight',
      type: [
        'null',
        {
          type: 'record',
          name: 'VariableScaleDecimal',
          namespace: 'io.debezium.data',
          fields: [
            { name: 'scale', type: 'int' },
            { name: 'value', type: 'bytes' },
          ],
          'connect.name': 'io.debezium.data.VariableScaleDecimal',
        },
      ],
      default: null,
    },
    { name: 'volume', type: ['null', 'io.debezium.data.VariableScaleDecimal'], default: null },
    { name: 'photo', type: ['null', 'bytes'], default: null },
    { name: 'tags', type: ['null', { type: 'array', items: ['null', 'string'] }], default: null },
    { name: 'limits', type: ['null', { type: 'map', values: 'long' }], default: null },
    {
      name: 'created_at',
      type: [
        'null',
        {
          type: 'long',
          'connect.version': 1,
          'connect.name': 'io.debezium.time.MicroTimestamp',
        },
      ],
      default: null,
    },
  ],
  'connect.name': 'shop.public.orders.Value',
};

/** What Debezium and Connect's Avro converter register for the table of orders. */
export const orderChangeAvro = {
  type: 'record',
  name: 'Envelope',
  namespace: 'shop.public.orders',
  fields: [
    { name: 'before', type: ['null', row], default: null },
    { name: 'after', type: ['null', 'Value'], default: null },
    {
      name: 'source',
      type: {
        type: 'record',
        name: 'Source',
        namespace: 'io.debezium.connector.postgresql',
        fields: [
          { name: 'connector', type: 'string' },
          { name: 'name', type: 'string' },
          { name: 'ts_ms', type: 'long' },
          { name: 'db', type: 'string' },
          { name: 'sequence', type: ['null', 'string'], default: null },
          { name: 'schema', type: 'string' },
          { name: 'table', type: 'string' },
          { name: 'lsn', type: ['null', 'long'], default: null },
          { name: 'ts_ns', type: ['null', 'long'], default: null },
        ],
      },
    },
    { name: 'op', type: 'string' },
    { name: 'ts_ms', type: ['null', 'long'], default: null },
  ],
  'connect.name': 'shop.public.orders.Envelope',
};
