/** Builders: records as Kafka would deliver them. */
import type { KafkaRecord } from '../../src/bridges/matching/record.js';
import type { Event } from '../../src/workflows/index.js';

/** A record; whatever is not named is unremarkable. */
export function aRecord(of: Partial<KafkaRecord> = {}): KafkaRecord {
  return {
    topic: 'shop.events',
    generation: '0',
    partition: 0,
    offset: '0',
    timestamp: '1711737600000',
    key: Buffer.from('1001'),
    value: null,
    headers: {},
    ...of,
  };
}

/** A record whose value is `content` as JSON. */
export function aJsonRecord(content: unknown, of: Partial<KafkaRecord> = {}): KafkaRecord {
  return aRecord({ value: Buffer.from(JSON.stringify(content)), ...of });
}

/** A Debezium change of one of the shop's tables, without its embedded schema. */
export function aChange(of: {
  readonly table?: string;
  readonly op?: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly sequence?: string | null;
}): Record<string, unknown> {
  const { table = 'orders', op = 'u', before = null, after = null } = of;
  const { sequence = '["24023128","24023400"]' } = of;
  return {
    before,
    after,
    op,
    ts_ms: 1711737600123,
    source: {
      version: '3.3.1.Final',
      connector: 'postgresql',
      db: 'ecommerce',
      schema: 'public',
      table,
      ts_ms: 1711737600000,
      ts_ns: '1711737600000000000',
      lsn: 24023400,
      ...(sequence === null ? {} : { sequence }),
    },
  };
}

/** The canonical order of the product's description. */
export const order1001 = {
  order_id: 1001,
  customer_email: 'ada@example.com',
  status: 'pending',
  amount: '249.99',
  currency: 'EUR',
  sku: 'lamp',
  quantity: 1,
};

/** An event as routes make them. */
export function anEvent(of: Partial<Event> = {}): Event {
  return {
    id: 'e1',
    type: 'payment.failed',
    occurredAt: '2024-03-29T18:40:00.000Z',
    position: { source: 'kafka:shop.events#0/0', at: '0'.padStart(20, '0') },
    data: {},
    ...of,
  };
}
