/** One bad record hurts only itself: it is dead-lettered byte for byte, the rest flows. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { KafkaMessage } from 'kafkajs';
import { deadLetterTopic, shopTopics } from '../../src/bridges/shop-topics.js';
import { wireHeaders } from '../../src/bridges/matching/record.js';
import { eventually, exists, openSite, type Site } from '../support/site.js';

describe('poison record', () => {
  let site: Site;
  const letters: KafkaMessage[] = [];
  let stopReading: () => Promise<void>;

  beforeAll(async () => {
    site = await openSite(inject('addresses'));
    const consumer = site.kafka.consumer({ groupId: `${site.name}-letters` });
    await consumer.connect();
    await consumer.subscribe({ topics: [deadLetterTopic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => Promise.resolve(void letters.push(message)),
    });
    stopReading = () => consumer.disconnect();
    await Promise.all([site.bridge(), site.worker()]);
  });
  afterAll(async () => {
    await stopReading();
    await site.close();
  });

  it('bad records between good ones: exact bytes in the dead letter, the good ones act', async () => {
    const payment = (n: number) => ({
      paymentId: `${site.name}-${String(n)}`,
      orderId: '77',
      customerEmail: 'bob@example.com',
      amount: '10.00',
      currency: 'EUR',
      cardToken: 'tok_stolen',
      declineCode: 'stolen_card',
    });
    const key = Buffer.from([0, 159, 146, 150]);
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x00, 0x0a]);
    const trace = Buffer.from([1, 2, 3, 255]);
    // Names that every object knows, too.
    const headers = { trace, constructor: 'c', ['__proto__']: ['p', 'q'] };
    const event = (n: number) =>
      JSON.stringify({
        id: `${site.name}-${String(n)}`,
        type: 'payment.failed',
        occurredAt: new Date().toISOString(),
        data: payment(n),
      });
    const wrongField = event(2).replace('"10.00"', '"ten"');
    const partition = 3;
    await site.producer.send({
      topic: shopTopics.events,
      messages: [
        { partition, key: 'a', value: event(1) },
        { partition, key, value: bytes, headers },
        { partition, key: 'b', value: wrongField },
        { partition, key: 'c', value: event(3) },
      ],
    });
    for (const n of [1, 3]) {
      const handle = site.client.workflow.getHandle(`payment-recovery:${site.name}-${String(n)}`);
      await eventually(`payment ${String(n)} to be recovered`, () => exists(handle));
    }
    const mine = () => letters.filter(({ value }) => value?.equals(bytes) ?? false);
    await eventually('the dead letter', () => Promise.resolve(mine().length > 0));
    expect(mine()).toHaveLength(1);
    const [letter] = mine();
    expect(letter?.key).toEqual(key);
    const kept = Object.entries(wireHeaders(letter?.headers ?? {})).slice(0, 3);
    const [c, p, q] = ['c', 'p', 'q'].map((one) => Buffer.from(one));
    expect(kept).toEqual([
      ['trace', trace],
      ['constructor', c],
      ['__proto__', [p, q]],
    ]);
    const text = (name: string) => letter?.headers?.[name]?.toString();
    expect(text('__headrace.errors.reason')).toBe('undecodable-json');
    expect(text('__dlq.errors.topic')).toBe(shopTopics.events);
    expect(text('__dlq.errors.partition')).toBe('3');

    const named = () => letters.find(({ value }) => value?.toString() === wrongField);
    await eventually('the second dead letter', () => Promise.resolve(named() !== undefined));
    expect(named()?.headers?.['__dlq.errors.message']?.toString()).toContain('amount');
    expect(named()?.headers?.['__headrace.errors.reason']?.toString()).toBe('schema-mismatch');
  });
});
