/** The event log against a real broker: ranges, disorder, transactions, retention, cancellation. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, type Message } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type LogRequest, readEventLog } from '../../src/activities/event-log.js';
import type { KafkaRecord } from '../../src/bridges/matching/record.js';
import { eventually } from '../support/site.js';

const minute = 60_000;
const base = Date.now() - 60 * minute;
const groupPrefix = `event-log-test-${randomUUID()}`;

describe('event log', () => {
  const kafka = new Kafka({
    brokers: [...inject('addresses').kafkaBrokers],
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  const producer = kafka.producer();

  beforeAll(async () => {
    await admin.connect();
    await producer.connect();
  });

  afterAll(async () => {
    await producer.disconnect();
    await admin.disconnect();
  });

  async function aTopic(partitions = 1): Promise<string> {
    const topic = `event-log-${randomUUID()}`;
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions }],
      waitForLeaders: true,
    });
    return topic;
  }

  const at = (minutes: number, value: string, partition = 0): Message => ({
    value,
    partition,
    timestamp: String(base + minutes * minute),
  });

  async function read(topic: string, request: Partial<LogRequest> = {}) {
    const records: KafkaRecord[] = [];
    const reading = await readEventLog(kafka, {
      topics: [topic],
      fromMs: base,
      toMs: base + 10 * minute,
      slackMs: 5 * minute,
      groupPrefix,
      take: (some) => {
        records.push(...some);
      },
      heartbeat: () => undefined,
      signal: new AbortController().signal,
      ...request,
    });
    const { fromMs = base, toMs = base + 10 * minute } = request;
    const inRange = records.filter(({ timestamp }) => +timestamp >= fromMs && +timestamp < toMs);
    return { ...reading, records, values: inRange.map(({ value }) => String(value)) };
  }

  it('reads the range from every partition, once, and nothing else', async () => {
    const topic = await aTopic(3);
    const messages = Array.from({ length: 900 }, (_, i) => at((i - 300) / 30, String(i), i % 3));
    await producer.send({ topic, messages });
    const { values, cutOff } = await read(topic);
    const expected = Array.from({ length: 300 }, (_, i) => i + 300);
    expect(values.map(Number).sort((a, b) => a - b)).toEqual(expected);
    expect(cutOff).toBe(false);
  });

  it('finds records whose timestamps are out of order', async () => {
    const topic = await aTopic();
    const minutes = [-1, 3, -2, 12, 9, 14, 0, 20];
    await producer.send({ topic, messages: minutes.map((each) => at(each, String(each))) });
    const { records, values } = await read(topic);
    expect(values).toEqual(['3', '9', '0']);
    // The last lies beyond the slack, the first before the range.
    expect(records.map(({ value }) => String(value))).toEqual(['3', '-2', '12', '9', '14', '0']);
  });

  it('ends behind the marker of a committed transaction, and skips an aborted one', async () => {
    const topic = await aTopic();
    const transactional = kafka.producer({
      transactionalId: randomUUID(),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await transactional.connect();
    const send = async (value: string, end: 'commit' | 'abort') => {
      const transaction = await transactional.transaction();
      await transaction.send({ topic, messages: [at(1, value)] });
      await transaction[end]();
    };
    await send('kept', 'commit');
    await send('dropped', 'abort');
    await transactional.disconnect();
    expect((await read(topic)).values).toEqual(['kept']);
  });

  it('skips aborted transactions that overlap, whichever ended first', async () => {
    const topic = await aTopic();
    const begin = async () => {
      const idempotent = { idempotent: true, maxInFlightRequests: 1 };
      const one = kafka.producer({ transactionalId: randomUUID(), ...idempotent });
      await one.connect();
      const transaction = await one.transaction();
      return {
        send: (value: string) => transaction.send({ topic, messages: [at(1, value)] }),
        abort: () => transaction.abort().then(() => one.disconnect()),
      };
    };
    const [long, short] = [await begin(), await begin()];
    await long.send('dropped');
    await short.send('dropped');
    await short.abort();
    await producer.send({ topic, messages: [at(1, 'kept')] });
    await long.abort();
    // The answer to an abort comes before its marker: three records, and two markers.
    await eventually('the markers', async () => {
      return (await admin.fetchTopicOffsets(topic))[0]?.high === '5';
    });
    // Markers bear the time of now: a range that ended before would end at the first of them.
    expect((await read(topic, { toMs: Infinity })).values).toEqual(['kept']);
  });

  it('does not wait for an open transaction: what is in it has not happened', async () => {
    const topic = await aTopic();
    const transactional = kafka.producer({
      transactionalId: randomUUID(),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await transactional.connect();
    await producer.send({ topic, messages: [at(0, 'before')] });
    const transaction = await transactional.transaction();
    await transaction.send({ topic, messages: [at(1, 'open')] });
    expect((await read(topic)).values).toEqual(['before']);
    await transaction.abort();
    await transactional.disconnect();
  });

  it('fails when nothing moves for long', async () => {
    const topic = await aTopic();
    await producer.send({ topic, messages: [at(1, 'one')] });
    const take = () => sleep(4_000);
    await expect(read(topic, { take, stallMs: 1_500 })).rejects.toThrow(
      `no progress for 1500 ms at ${topic}/0/0`,
    );
  });

  it('says when older records of the range may have been deleted', async () => {
    const topic = await aTopic();
    await producer.send({ topic, messages: [0, 1, 2, 3].map((each) => at(each, String(each))) });
    // kafkajs looks for the leaders in metadata that only another call loads.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] });
    expect(await read(topic)).toMatchObject({ cutOff: true, values: ['2', '3'] });
    const later = { fromMs: base + 2.5 * minute };
    expect(await read(topic, later)).toMatchObject({ cutOff: false, values: ['3'] });
  });

  it('reads to the end of the log when the range is open', async () => {
    const topic = await aTopic();
    await producer.send({ topic, messages: [1, 90, -90, 2].map((each) => at(each, String(each))) });
    const { records } = await read(topic, { toMs: Infinity });
    expect(records.map(({ value }) => String(value))).toEqual(['1', '90', '-90', '2']);
  });

  it('needs no consumer where there is nothing to read', async () => {
    const topic = await aTopic(2);
    expect(await read(topic)).toMatchObject({ cutOff: false, values: [] });
    expect(await read('a-topic-that-does-not-exist')).toMatchObject({ cutOff: false, values: [] });
  });

  it('stops when cancelled, and fails with what its taker throws', async () => {
    const topic = await aTopic();
    await producer.send({ topic, messages: [at(1, 'one')] });
    const cancelled = new AbortController();
    cancelled.abort(new Error('cancelled from outside'));
    await expect(read(topic, { signal: cancelled.signal })).rejects.toThrow(
      'cancelled from outside',
    );
    const take = (): never => {
      throw new Error('cannot take it');
    };
    await expect(read(topic, { take })).rejects.toThrow('cannot take it');
  });

  it('leaves no consumer group behind', async () => {
    const { groups } = await admin.listGroups();
    expect(groups.filter(({ groupId }) => groupId.startsWith(groupPrefix))).toEqual([]);
  });
});
