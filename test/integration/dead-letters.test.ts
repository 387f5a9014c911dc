/** The dead-letter topic on a real broker: bytes, partitions, size, and topics that go away. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import kafkajs, { type Admin, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { runBridge } from '../../src/bridge.js';
import {
  type DeadLetter,
  DeadLetterRefused,
  type DeadLetters,
  openDeadLetters,
} from '../../src/bridges/holding/dead-letters.js';
import { entryRoute } from '../support/ledger-entries.js';
import { aRecord } from '../support/records.js';
import { shutDecoder } from '../support/shut-decoder.js';
import { eventually, succeeds } from '../support/site.js';

const log = pino({ level: 'silent' });

describe('the dead-letter topic', () => {
  let kafka: Kafka;
  let admin: Admin;
  let open: DeadLetters[] = [];

  beforeAll(async () => {
    const brokers = [...inject('addresses').kafkaBrokers];
    kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 2 } });
    admin = kafka.admin();
    await admin.connect();
  });
  afterEach(async () => {
    await Promise.all(open.map((letters) => letters.close()));
    open = [];
  });
  afterAll(() => admin.disconnect());

  const create = async (topic: string, numPartitions: number, size?: number): Promise<void> => {
    const configEntries =
      size === undefined ? [] : [{ name: 'max.message.bytes', value: String(size) }];
    await admin.createTopics({
      topics: [{ topic, numPartitions, configEntries }],
      waitForLeaders: true,
    });
  };
  /** A source with six partitions, and the name of a dead-letter topic. */
  const scene = async (kept = true, size?: number) => {
    const name = `dl-${randomUUID().slice(0, 8)}`;
    const [source, target] = [`${name}-source`, `${name}-letters`];
    await create(source, 6, size);
    const letters = openDeadLetters(kafka, { topic: target, group: 'g', kept }, log);
    open.push(letters);
    return { source, target, letters };
  };
  const aLetter = (topic: string, of: Partial<DeadLetter['record']> = {}): DeadLetter => ({
    record: aRecord({ topic, offset: '7', partition: 4, value: Buffer.from('v'), ...of }),
    ...{ route: 'r', reason: 'undecodable-json', detail: 'not JSON' },
  });
  /** Every message of a topic, with its partition, once there are `count`. */
  const read = async (topic: string, count: number) => {
    const found: { partition: number; message: KafkaMessage }[] = [];
    const consumer = kafka.consumer({ groupId: `${topic}-${randomUUID()}`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ partition, message }) => {
        found.push({ partition, message });
        return Promise.resolve();
      },
    });
    await eventually(`${String(count)} letters`, () => Promise.resolve(found.length >= count));
    await consumer.disconnect();
    return found;
  };

  it('L1, L3: a topic that is missing is made like its source; bytes and places are kept', async () => {
    const { source, target, letters } = await scene();
    const odd = {
      key: Buffer.from([0, 159, 146, 150]),
      value: Buffer.from([0x7b, 0xff, 0x00]),
      timestamp: '1711737600123',
      headers: { trace: Buffer.from([1, 255]), many: [Buffer.from('a'), Buffer.from('b')] },
    };
    const all = [aLetter(source, odd), aLetter(source, { partition: 1, key: null, value: null })];
    await Promise.all(all.map((letter) => letters.publish(letter)));
    const found = await read(target, 2);
    const [first, second] = found.sort((a, b) => b.partition - a.partition);
    expect([first?.partition, second?.partition]).toEqual([4, 1]);
    expect(first?.message).toMatchObject({ ...odd, headers: odd.headers });
    expect(second?.message).toMatchObject({ key: null, value: null });
    const { topics } = await admin.fetchTopicMetadata({ topics: [target] });
    expect(topics[0]?.partitions).toHaveLength(6);
  });

  it('L1: a header without a value has no bytes, and is named', async () => {
    const { source, target, letters } = await scene();
    const headers = { none: null as unknown as undefined, some: 'x' };
    await letters.publish(aLetter(source, { headers }));
    const [found] = await read(target, 1);
    const text = (name: string) => found?.message.headers?.[name]?.toString();
    expect([text('none'), text('some')]).toEqual(['', 'x']);
    expect(text('__headrace.errors.null.headers')).toBe('["none"]');
  });

  it('L1: a time that the topic refuses is kept as text, and the letter is there', async () => {
    const { source, target, letters } = await scene();
    const timestamp = '9223372036854775807';
    await letters.publish(aLetter(source, { timestamp }));
    const [found] = await read(target, 1);
    expect(found?.message.headers?.['__headrace.errors.timestamp']?.toString()).toBe(timestamp);
    expect(Math.abs(Number(found?.message.timestamp) - Date.now())).toBeLessThan(600_000);
    expect(found?.message.value?.toString()).toBe('v');
  });

  it('another number of partitions: one key stays in one partition', async () => {
    const { source, target, letters } = await scene();
    await create(target, 3);
    for (const partition of [0, 4, 5]) await letters.publish(aLetter(source, { partition }));
    const found = await read(target, 3);
    expect(new Set(found.map(({ partition }) => partition)).size).toBe(1);
  });

  it('L3: a topic that was deleted while we wrote to it is written again', async () => {
    const { source, target, letters } = await scene();
    await letters.publish(aLetter(source, { offset: '1' }));
    await admin.deleteTopics({ topics: [target] });
    await eventually('the topic to be gone', async () =>
      (await admin.listTopics()).every((topic) => topic !== target),
    );
    await eventually('the letter to be taken', () =>
      succeeds(letters.publish(aLetter(source, { offset: '2' }))),
    );
    const [again] = await read(target, 1);
    expect(again?.message.headers?.['__dlq.errors.offset']?.toString()).toBe('2');
  });

  it('L3: the topic has room for the largest record of its source', async () => {
    const large = Buffer.alloc(2_000_000, 'x');
    const { source, target, letters } = await scene(true, 2_200_000);
    await letters.publish(aLetter(source, { value: large }));
    const [found] = await read(target, 1);
    expect(found?.message.value?.equals(large)).toBe(true);
  });

  it('L3: too large as it is: compressed, else without its value, if that is kept elsewhere', async () => {
    const { source, target, letters } = await scene(true);
    await create(target, 6, 20_000);
    await letters.publish(aLetter(source, { value: Buffer.alloc(100_000, 'x') }));
    const value = randomBytes(100_000);
    await letters.publish(aLetter(source, { value, partition: 5 }));
    const found = await read(target, 2);
    const [whole, rest] = found.sort((a, b) => a.partition - b.partition);
    expect(whole?.message.value).toHaveLength(100_000);
    expect(rest?.message.value).toBeNull();
    const omitted = rest?.message.headers?.['__headrace.errors.omitted.bytes'];
    expect(omitted?.toString()).toBe('100000');

    const strict = openDeadLetters(kafka, { topic: target, group: 'g', kept: false }, log);
    open.push(strict);
    await expect(strict.publish(aLetter(source, { value }))).rejects.toThrow(DeadLetterRefused);
  });

  it('L3: without a store, a record too large for it halts the bridge, which goes on when mended', async () => {
    const { source, target } = await scene();
    await create(target, 6, 20_000);
    const large = randomBytes(100_000);
    const producer = kafka.producer();
    await producer.connect();
    const values = [Buffer.from('no'), large, Buffer.from('nor')];
    const messages = values.map((value) => ({ partition: 4, key: 'k', value }));
    await producer.send({ topic: source, messages });
    await producer.disconnect();
    const address = inject('addresses').temporalAddress;
    const client = new Client({ connection: Connection.lazy({ address }) });
    const bridge = () =>
      runBridge({
        ...{ kafka, client, log, groupId: target, deadLetterTopic: target },
        routes: [entryRoute(source)],
      });
    const first = await bridge();
    const words = `record ${source}/4/1 (undecodable-json) of 100001 bytes`;
    await expect(first.halted).rejects.toThrow(words);
    await expect(first.halted).rejects.toThrow(/\(max\.message\.bytes 20000\).* Raise max/);
    await first.stop();
    const [group] = await admin.fetchOffsets({ groupId: target, topics: [source] });
    const at = group?.partitions.find(({ partition }) => partition === 4)?.offset;
    expect(Number(at)).toBeLessThanOrEqual(1);

    const configEntries = [{ name: 'max.message.bytes', value: '200000' }];
    const type = kafkajs.ConfigResourceTypes.TOPIC;
    const resources = [{ type, name: target, configEntries }];
    await admin.alterConfigs({ validateOnly: false, resources });
    const second = await bridge();
    const has = async (value: Buffer): Promise<boolean> =>
      (await read(target, 1)).some(({ message }) => message.value?.equals(value));
    await eventually('the large letter', () => has(large));
    await eventually('what came after it', () => has(Buffer.from('nor')));
    await second.stop();
    await client.connection.close();
  });

  it('while Kafka is away nothing is settled; then every letter is written, and the offset', async () => {
    const { source, target } = await scene();
    await create(target, 6);
    const control = (what: 'kill' | 'restart') =>
      fetch(`${inject('stackControl')}/${what}/kafka`, { method: 'POST' });
    const address = inject('addresses').temporalAddress;
    const client = new Client({ connection: Connection.lazy({ address }) });
    const decoder = shutDecoder();
    const failed: string[] = [];
    const bridge = await runBridge({
      ...{ kafka, client, log, decoder, groupId: target, deadLetterTopic: target },
      routes: [entryRoute(source)],
      observer: { retrying: (_, { code }) => failed.push(code) },
    });
    const producer = kafka.producer();
    await producer.connect();
    const messages = Array.from({ length: 20 }, (_, n) => ({ partition: 4, value: `no ${n}` }));
    await producer.send({ topic: source, messages });
    await producer.disconnect();
    await eventually('the records to be fetched', () => Promise.resolve(decoder.holds()));
    await control('kill');
    try {
      decoder.letGo();
      await eventually('each letter to fail', () => Promise.resolve(failed.length >= 20));
      expect(new Set(failed)).toEqual(new Set(['dead-letter-topic']));
      const standing = bridge.state()?.partitions.find(({ partition }) => partition === 4);
      expect(standing?.unsettled).toBe(20);
    } finally {
      await control('restart');
    }
    const committed = async () => {
      const [group] = await admin.fetchOffsets({ groupId: target, topics: [source] });
      return group?.partitions.find(({ partition }) => partition === 4)?.offset;
    };
    // Kafka has only just come back: it may not know the group yet.
    await eventually('the offset', async () => (await committed().catch(() => '')) === '20');
    const offsets = (await read(target, 20)).map(
      ({ message }) => message.headers?.['__dlq.errors.offset']?.toString() ?? '',
    );
    expect(new Set(offsets)).toEqual(new Set(messages.map((_, n) => String(n))));
    await bridge.stop();
    await client.connection.close();
  });
});
