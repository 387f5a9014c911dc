/**
 * Avro, Protobuf and JSON Schema through a real schema registry (Apicurio by its Confluent-compatible
 * interface): what it holds acts, what is broken is a dead letter, and while it hangs records wait.
 */
import avro, { type Schema } from 'avsc';
import type { KafkaMessage } from 'kafkajs';
import protobuf from 'protobufjs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { deadLetterTopic, shopTopics } from '../../src/bridges/shop-topics.js';
import { type Registry, startRegistry } from '../support/registry.js';
import { wireFormat } from '../support/registered.js';
import type { Headrace } from '../support/headrace.js';
import { eventually, exists, openSite, type Site } from '../support/site.js';

/** A row of orders, as Debezium with `decimal.handling.mode=precise` has it registered. */
const row = {
  type: 'record',
  name: 'Value',
  fields: [
    { name: 'order_id', type: 'int' },
    { name: 'customer_email', type: 'string' },
    { name: 'status', type: 'string' },
    {
      name: 'amount',
      type: {
        type: 'bytes',
        scale: 2,
        precision: 12,
        'connect.version': 1,
        'connect.parameters': { scale: '2', 'connect.decimal.precision': '12' },
        'connect.name': 'org.apache.kafka.connect.data.Decimal',
        logicalType: 'decimal',
      },
    },
    { name: 'currency', type: 'string' },
    { name: 'sku', type: 'string' },
    { name: 'quantity', type: 'int' },
  ],
  'connect.name': 'shop.public.orders.Value',
};
const change = {
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
        fields: ['name', 'db', 'schema', 'table', 'sequence'].map((name) => ({
          name,
          type: 'string',
        })),
      },
    },
    { name: 'op', type: 'string' },
    { name: 'ts_ms', type: ['null', 'long'], default: null },
  ],
};

const cardProto = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "payment.proto";
message PaymentFailed {
  string id = 1;
  string type = 2;
  google.protobuf.Timestamp occurred_at = 3;
  Payment data = 4;
}`;
const paymentProto = `syntax = "proto3";
package shop;
message Payment {
  string paymentId = 1; string orderId = 2; string customerEmail = 3; string amount = 4;
  string currency = 5; string cardToken = 6; string declineCode = 7;
}`;

const paymentSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  required: ['id', 'type', 'occurredAt', 'data'],
  properties: { data: { type: 'object', properties: { amount: { type: 'string' } } } },
};

describe('schema registry', () => {
  let site: Site;
  let registry: Registry;
  let bridge: Headrace;
  const letters: KafkaMessage[] = [];
  let stopReading = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    registry = await startRegistry();
    site = await openSite(inject('addresses'), { SCHEMA_REGISTRY_URL: registry.url });
    const consumer = site.kafka.consumer({ groupId: `${site.name}-letters` });
    await consumer.connect();
    await consumer.subscribe({ topics: [deadLetterTopic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => Promise.resolve(void letters.push(message)),
    });
    stopReading = () => consumer.disconnect();
    bridge = await site.bridge();
  });
  afterAll(async () => {
    registry.thaw();
    await stopReading();
    await site.close();
    await registry.stop();
  });

  const send = (topic: string, key: string, value: Buffer) =>
    site.producer.send({ topic, messages: [{ key, value, partition: 0 }] });
  const payment = (paymentId: string) => ({
    ...{ paymentId, orderId: '77', customerEmail: 'bob@example.com', amount: '10.00' },
    ...{ currency: 'EUR', cardToken: 'tok_stolen', declineCode: 'stolen_card' },
  });
  /** The event that a workflow was started with. */
  const startedWith = async (workflowId: string): Promise<string> => {
    const handle = site.client.workflow.getHandle(workflowId);
    await eventually(`a run of ${workflowId}`, () => exists(handle));
    const { events } = await handle.fetchHistory();
    const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    return input.map(({ data }) => Buffer.from(data ?? []).toString()).join();
  };
  const letterOf = async (value: Buffer): Promise<(name: string) => string | undefined> => {
    const find = () => letters.find((letter) => letter.value?.equals(value));
    await eventually('the dead letter', () => Promise.resolve(find() !== undefined));
    return (name) => find()?.headers?.[`__${name}`]?.toString();
  };

  it('Avro: a change of Debezium with a precise decimal starts its workflow', async () => {
    const id = await registry.register('shop.public.orders-value', {
      schemaType: 'AVRO',
      schema: JSON.stringify(change),
    });
    const orderId = 700_000 + Math.floor(Math.random() * 100_000);
    const after = {
      order_id: orderId,
      ...{ customer_email: 'ada@example.com', status: 'confirmed', currency: 'EUR' },
      ...{ amount: Buffer.from([0x61, 0x9f]), sku: 'chair', quantity: 2 },
    };
    const value = avro.Type.forSchema(change as Schema, { wrapUnions: 'never' }).toBuffer({
      before: { ...after, status: 'pending' },
      after,
      source: {
        ...{ name: 'shop', db: 'avro', schema: 'public', table: 'orders' },
        sequence: `["1","${String(Date.now())}"]`,
      },
      op: 'u',
      ts_ms: 1_711_737_600_123,
    });
    await send(shopTopics.orders, String(orderId), wireFormat(id, value));
    expect(await startedWith(`order:${String(orderId)}`)).toContain('"amount":"249.91"');
  });

  it('Protobuf: an application event with a type of another subject', async () => {
    await registry.register('payment.proto', { schemaType: 'PROTOBUF', schema: paymentProto });
    const id = await registry.register('shop.events-payment-failed', {
      schemaType: 'PROTOBUF',
      schema: cardProto,
      references: [{ name: 'payment.proto', subject: 'payment.proto', version: 1 }],
    });
    const root = protobuf.parse(paymentProto, { keepCase: true }).root;
    root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {});
    protobuf.parse(cardProto, root, { keepCase: true });
    const type = root.lookupType('shop.PaymentFailed');
    const paymentId = `${site.name}-protobuf`;
    const content = type
      .encode({
        ...{ id: paymentId, type: 'payment.failed', data: payment(paymentId) },
        occurred_at: { seconds: Math.floor(Date.now() / 1000), nanos: 0 },
      })
      .finish();
    const value = wireFormat(id, Buffer.concat([Buffer.from([0]), content]));
    await send(shopTopics.events, paymentId, value);
    expect(await startedWith(`payment-recovery:${paymentId}`)).toContain('"stolen_card"');
  });

  it('JSON Schema: what fits acts, what does not is a dead letter that names the field', async () => {
    const id = await registry.register('shop.events-json', {
      schemaType: 'JSON',
      schema: JSON.stringify(paymentSchema),
    });
    const paymentId = `${site.name}-json`;
    const event = (amount: unknown) => {
      const data = { ...payment(paymentId), amount };
      const occurredAt = new Date().toISOString();
      return Buffer.from(
        JSON.stringify({ id: paymentId, type: 'payment.failed', occurredAt, data }),
      );
    };
    const bad = wireFormat(id, event(10));
    await send(shopTopics.events, paymentId, bad);
    await send(shopTopics.events, paymentId, wireFormat(id, event('10.00')));
    await startedWith(`payment-recovery:${paymentId}`);
    const header = await letterOf(bad);
    expect(header('headrace.errors.reason')).toBe('schema-mismatch');
    expect(header('dlq.errors.message')).toContain('data.amount: must be string');
  });

  it('an id that the registry does not know is a dead letter', async () => {
    const value = wireFormat(987_654, Buffer.from(site.name));
    await send(shopTopics.events, 'x', value);
    const header = await letterOf(value);
    expect(header('headrace.errors.reason')).toBe('unknown-schema');
    expect(header('dlq.errors.message')).toContain('987654');
  });

  /** The registry hangs, and one partition waits for the schema of a record. */
  const hang = async (name: string) => {
    const id = await registry.register(`shop.events-${name}`, {
      schemaType: 'JSON',
      schema: JSON.stringify({ ...paymentSchema, title: name }),
    });
    registry.freeze();
    const [late, other] = [`${site.name}-${name}`, `${site.name}-${name}-other`];
    const event = (paymentId: string) => {
      const occurredAt = new Date().toISOString();
      const content = {
        id: paymentId,
        type: 'payment.failed',
        occurredAt,
        data: payment(paymentId),
      };
      return Buffer.from(JSON.stringify(content));
    };
    const waiting = wireFormat(id, event(late));
    await send(shopTopics.events, late, waiting);
    // Another partition goes on, which also tells when the record must have been fetched.
    const messages = [{ key: other, value: event(other), partition: 1 }];
    await site.producer.send({ topic: shopTopics.events, messages });
    await startedWith(`payment-recovery:${other}`);
    return { late, waiting };
  };

  it('while the registry hangs, records that need it wait; nothing is blamed or lost', async () => {
    const { late, waiting } = await hang('late');
    const handle = site.client.workflow.getHandle(`payment-recovery:${late}`);
    await expect(handle.describe()).rejects.toThrow();
    registry.thaw();
    await startedWith(`payment-recovery:${late}`);
    expect(letters.some(({ value }) => value?.equals(waiting))).toBe(false);
  });

  it('while it hangs, a bridge that is told to stop ends; the next one reads what waited', async () => {
    const { late } = await hang('later');
    expect(await bridge.stop()).toBe(0);
    registry.thaw();
    await site.bridge();
    await startedWith(`payment-recovery:${late}`);
  });
});
