/**
 * What happens to a topic while a bridge reads it, or while none does: created again, cut by its
 * retention, given more partitions, written in transactions. Nothing is lost, nothing twice, and
 * nothing is passed over in silence.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import type { Admin, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Bridge } from '../../src/bridge.js';
import type { Decoder } from '../../src/bridges/matching/decoder.js';
import { defaultLimits, type EngineLimits } from '../../src/bridges/engine/engine-ports.js';
import { decodeCommit } from '../../src/bridges/intake/done-map.js';
import type { Route } from '../../src/bridges/matching/route.js';
import { createLog } from '../../src/log.js';
import { entries, entryRoute } from '../support/ledger-entries.js';
import { entriesQuery } from '../support/ledger-workflow.js';
import { shutDecoder } from '../support/shut-decoder.js';
import { eventually, succeeds } from '../support/site.js';
import { openTemporalStage, type TemporalStage } from '../support/temporal-stage.js';

const workflowsPath = fileURLToPath(new URL('../support/ledger-workflow.ts', import.meta.url));
const taskQueue = `intake-${randomUUID()}`;

interface Unusual {
  readonly decoder?: Decoder;
  readonly topics?: string | RegExp;
  readonly routes?: readonly Route[];
  readonly log?: Logger;
  readonly limits?: EngineLimits;
}

describe('the intake', () => {
  let stage: TemporalStage;
  let admin: Admin;

  beforeAll(async () => {
    stage = await openTemporalStage(inject('addresses'));
    admin = stage.kafka.admin();
    await admin.connect();
    await stage.worker({ taskQueue, workflowsPath });
  });
  afterEach(() => stage.rest());
  afterAll(async () => {
    await admin.disconnect();
    await stage.close();
  });

  const create = async (topic: string): Promise<void> => {
    // The old one may still be on its way out.
    await eventually(`${topic} exists`, () =>
      admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true }).then(
        (created) => created,
        () => false,
      ),
    );
  };

  const scene = async () => {
    const topic = `intake-${randomUUID().slice(0, 8)}`;
    const ledger = `${topic}-ledger`;
    await create(topic);
    return {
      topic,
      ledger,
      bridge: (
        whenRecordsAreGone: 'halt' | 'continue' = 'halt',
        { topics = topic, ...more }: Unusual = {},
      ): Promise<Bridge> =>
        stage.bridge({
          ...{ taskQueue, groupId: topic, deadLetterTopic: `${topic}-letters` },
          ...{ routes: [entryRoute(topics)], whenRecordsAreGone, ...more },
        }),
      end: (bridge: Bridge, withinMs?: number): Promise<void> => stage.end(bridge, withinMs),
      send: (first: number, last: number, partition = 0, to = topic) =>
        write(stage.kafka, to, entries(ledger, first, last, partition)),
      applied: () => read(stage.client, ledger),
      committed: async () => {
        const [group] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
        return Number(group?.partitions[0]?.offset);
      },
      eventually: (count: number) =>
        eventually(`${String(count)} entries`, async () => {
          return (await read(stage.client, ledger)).length >= count;
        }),
    };
  };

  it('a topic created again under a running bridge is read from its beginning, once', async () => {
    const { topic, bridge, send, eventually: until, applied } = await scene();
    await bridge();
    await send(0, 29);
    await until(30);
    await admin.deleteTopics({ topics: [topic] });
    await create(topic);
    await send(30, 79);
    await until(80);
    expect(await applied()).toEqual(numbers(0, 79));
  });

  it('so is one that was created again while no bridge ran', async () => {
    const { topic, bridge, end, send, eventually: until, applied } = await scene();
    const first = await bridge();
    await send(0, 29);
    await until(30);
    await end(first);
    await admin.deleteTopics({ topics: [topic] });
    await create(topic);
    await send(30, 79);
    await bridge();
    await until(80);
    expect(await applied()).toEqual(numbers(0, 79));
  });

  it('records that passed their retention halt the bridge, or are passed over on request', async () => {
    const { topic, bridge, end, send, eventually: until, applied } = await scene();
    const first = await bridge();
    await send(0, 9);
    await until(10);
    await end(first);
    await send(10, 29);
    // Without it kafkajs does not know yet who leads the partition.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '20' }] });
    const second = await bridge();
    await expect(second.halted).rejects.toThrow(/records 10 to 19 were deleted/);
    expect(await applied()).toEqual(numbers(0, 9));
    await end(second);
    await bridge('continue');
    await until(20);
    expect(await applied()).toEqual([...numbers(0, 9), ...numbers(20, 29)]);
  });

  /** A bridge holds its first five records while those up to 28, of 29, are deleted before it. */
  const runsBehind = async (
    { topic, bridge, send }: Awaited<ReturnType<typeof scene>>,
    whenRecordsAreGone: 'halt' | 'continue',
    unusual: Unusual = {},
  ): Promise<Bridge> => {
    const decoder = shutDecoder();
    const behind = await bridge(whenRecordsAreGone, { ...unusual, decoder });
    await send(0, 4);
    await eventually('the first batch is held', () => Promise.resolve(decoder.holds()));
    await send(5, 29);
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '29' }] });
    decoder.letGo();
    return behind;
  };

  it('records deleted while a bridge runs behind halt it, and halt the next one again', async () => {
    const place = await scene();
    const { bridge, end, eventually: until, applied } = place;
    const first = await runsBehind(place, 'halt');
    await expect(first.halted).rejects.toThrow(/to 28 were deleted/);
    await end(first);
    // Nothing has overwritten the group's progress meanwhile.
    const second = await bridge();
    await expect(second.halted).rejects.toThrow(/to 28 were deleted/);
    await end(second);
    const read = (await applied()).length;
    await bridge('continue');
    await until(read + 1);
    expect(await applied()).toEqual([...numbers(0, read - 1), 29]);
  });

  it('on request it goes on without them, and says which they were', async () => {
    const place = await scene();
    const lines: string[] = [];
    const log = createLog('error', { write: (line) => lines.push(line) });
    const behind = await runsBehind(place, 'continue', { log });
    await eventually('what is left', async () => (await place.applied()).includes(29));
    const entries = await place.applied();
    expect(entries).toEqual([...numbers(0, entries.length - 2), 29]);
    expect(lines.join()).toMatch(/records \d+ to 28 were deleted by the broker/);
    expect(behind.haltedBy()).toBeUndefined();
  });

  it('a topic that comes later is read, and one that goes keeps nobody from the others', async () => {
    const { topic, bridge, send, eventually: until, applied } = await scene();
    const later = `${topic}-later`;
    await bridge('halt', { topics: new RegExp(`^${topic}(-later)?$`) });
    await send(0, 4);
    await until(5);
    await create(later);
    await send(5, 9, 0, later);
    await until(10);
    await admin.deleteTopics({ topics: [later] });
    await send(10, 14);
    await until(15);
    expect(await applied()).toEqual(numbers(0, 14));
  });

  it('aborted transactions are not read, and control records leave no lag', async () => {
    const { topic, bridge, ledger, eventually: until, applied } = await scene();
    const running = await bridge();
    const producer = stage.kafka.producer({
      transactionalId: topic,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    for (const [first, commits] of [
      [100, false],
      [0, true],
      [200, false],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: entries(ledger, first, first + 4, 0) });
      await (commits ? transaction.commit() : transaction.abort());
    }
    await producer.disconnect();
    await until(5);
    await eventually('no lag', async () => {
      const [end] = await admin.fetchTopicOffsets(topic);
      const [group] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
      return end?.high === '18' && group?.partitions[0]?.offset === end.high;
    });
    expect(await applied()).toEqual(numbers(0, 4));
    expect(running.state()?.partitions[0]?.unsettled).toBe(0);
  });

  it('of aborted transactions that overlap nothing is read, whichever ended first', async () => {
    const { topic, bridge, ledger, send, eventually: until, applied } = await scene();
    const begin = async (name: string) => {
      const producer = stage.kafka.producer({
        transactionalId: `${topic}-${name}`,
        maxInFlightRequests: 1,
        idempotent: true,
      });
      await producer.connect();
      const transaction = await producer.transaction();
      return {
        send: (first: number) =>
          transaction.send({ topic, messages: entries(ledger, first, first + 4, 0) }),
        abort: async () => {
          await transaction.abort();
          await producer.disconnect();
        },
      };
    };
    const long = await begin('long');
    const short = await begin('short');
    await long.send(100);
    await short.send(200);
    await short.abort();
    await send(0, 4);
    await long.send(300);
    await long.abort();
    await send(5, 9);
    // All of it is fetched at once, with the broker's list of both.
    await bridge();
    await until(10);
    expect(await applied()).toEqual(numbers(0, 9));
  });

  it('partitions that are added are read', async () => {
    const { topic, bridge, send, eventually: until, applied } = await scene();
    await bridge();
    await send(0, 4);
    await until(5);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    await eventually('the new partition takes records', () => succeeds(send(5, 9, 2)));
    await until(10);
    expect(await applied()).toEqual(numbers(0, 9));
  });

  it.each([
    ['an Error', Error],
    ['a TypeError', TypeError],
  ])(
    'a route that throws %s halts before its record; mended, it goes on from there',
    async (_, Kind) => {
      const { topic, bridge, end, send, eventually: until, applied, committed } = await scene();
      const route = entryRoute(topic);
      const to: Route['to'] = (event) => {
        if ((event.data as { n: number }).n === 312) throw new Kind('no such ledger');
        return route.to(event);
      };
      const first = await bridge('halt', { routes: [{ ...route, to }] });
      await send(0, 9);
      await until(10);
      await send(10, 599);
      await expect(first.halted).rejects.toThrow(
        `record ${topic}/0/312: the code of route "enter" threw ${Kind.name}: no such ledger`,
      );
      await end(first);
      expect(await committed()).toBeGreaterThanOrEqual(10);
      expect(await committed()).toBeLessThanOrEqual(312);
      await bridge();
      await until(600);
      expect(await applied()).toEqual(numbers(0, 599));
    },
  );

  it('a stop under backlog reads nothing more, and settles what was read', async () => {
    const { topic, ledger, bridge, end, eventually: until, applied } = await scene();
    const headers = { weight: Buffer.alloc(5_000) };
    const backlog = entries(ledger, 0, 3_999, 0).map((entry) => ({ ...entry, headers }));
    await write(stage.kafka, topic, backlog);
    // What is paused resumes while four requests still are to go, and a fetch takes less than those.
    const limits = {
      ...defaultLimits,
      request: { ...defaultLimits.request, events: 50 },
      window: { ...defaultLimits.window, records: 400 },
    };
    const busy = await bridge('halt', { limits });
    await until(1);
    await end(busy, 60_000);
    const read = await applied();
    expect(read.length).toBeLessThan(backlog.length);
    expect(read).toEqual(numbers(0, read.length - 1));
    const [group] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
    expect(group?.partitions[0]?.offset).toBe(String(read.length));
  });

  it('a commit says which generation of the topic it is of', async () => {
    const { topic, bridge, send, eventually: until } = await scene();
    await bridge();
    await send(0, 4);
    await until(5);
    const committed = async () => {
      const [group] = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
      return group?.partitions[0];
    };
    await eventually('a commit', async () => (await committed())?.offset === '5');
    const note = decodeCommit((await committed())?.metadata);
    expect(note?.isOf('0')).toBe(false);
    expect(note?.done.runs).toEqual([]);
  });
});

/** With a producer of its own: one that has met a deleted topic is of no use any more. */
async function write(kafka: Kafka, topic: string, messages: ReturnType<typeof entries>) {
  const producer = kafka.producer();
  await producer.connect();
  // A broker takes a megabyte at once.
  for (let at = 0; at < messages.length; at += 50) {
    await producer.send({ topic, messages: messages.slice(at, at + 50) });
  }
  await producer.disconnect();
}

async function read(client: Client, ledger: string): Promise<readonly unknown[]> {
  try {
    return await client.workflow.getHandle(ledger).query(entriesQuery);
  } catch {
    // It does not run yet.
    return [];
  }
}

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
