/** One session over a consumer that only writes down what it is told. */
import type { Cluster, Consumer, EachBatchPayload } from 'kafkajs';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { createDecoder, type Decoder } from '../../../src/bridges/matching/decoder.js';
import type { Delivery } from '../../../src/bridges/engine/engine-ports.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import { ConsumerSession } from '../../../src/bridges/intake/consumer-session.js';

/** A session that reads `t/0` from offset 0 on, handing over by `deliver`. */
function aTerm(
  deliver: (at: Delivery, records: readonly KafkaRecord[]) => void,
  decoder: Decoder = createDecoder(),
) {
  const told: string[] = [];
  const consumer = {
    seek: ({ offset }: { offset: string }) => told.push(`seek ${offset}`),
    pause: () => undefined,
    resume: () => undefined,
  } as unknown as Consumer;
  const session = new ConsumerSession(
    { t: [0] },
    {
      ...{ consumer, cluster: {} as Cluster, decoder, deliver },
      log: pino({ level: 'silent' }),
      wait: () => undefined,
      read: ({ next }) => told.push(`read to ${String(next)}`),
      halt: (cause) => told.push(`halt ${cause}`),
      rejoin: (reason) => told.push(`rejoin ${reason}`),
    },
  );
  const assignment = { topic: 't', generation: 'g', partition: 0, from: 0n };
  session.open([{ assignment, logEnd: 600n }], 1, false);
  const take = (fetchedOffset: number, last: number): Promise<void> =>
    session.take({ batch: aBatch(fetchedOffset, last) } as unknown as EachBatchPayload);
  return { session, told, take };
}

/** As kafkajs hands over records `fetchedOffset` to `last`. */
function aBatch(fetchedOffset: number, last: number) {
  const messages = Array.from({ length: last - fetchedOffset + 1 }, (_, index) => ({
    ...{ offset: String(fetchedOffset + index), timestamp: '0', key: null, value: null },
  }));
  return {
    ...{ topic: 't', partition: 0, messages, highWatermark: String(last + 1) },
    ...{ fetchedOffset: String(fetchedOffset), lastOffset: () => String(last) },
  };
}

test('a batch is handed over in slices, and the cursor moves on with them', async () => {
  const slices: number[] = [];
  const { session, told, take } = aTerm(
    ({ next }, { length }) => void slices.push(Number(next), length),
  );
  await take(0, 599);
  expect(slices).toEqual([250, 250, 500, 250, 600, 100]);
  expect(told).toEqual(['seek 0', 'read to 600']);
  expect(session.cursorOf('t', 0)?.next).toBe(600n);
});

test('R1: what was fetched from elsewhere is read again from where it should be', async () => {
  const { told, take } = aTerm(() => undefined);
  await take(3, 5);
  expect(told).toEqual(['seek 0', 'seek 0']);
});

test.each([Error, TypeError])(
  'R1: what is not handed over is not stepped over: %s halts, and kafkajs hears none of it',
  async (Kind) => {
    const delivered: string[] = [];
    const { session, told, take } = aTerm((_, records) => {
      if (records.some(({ offset }) => offset === '300')) throw new Kind('broken');
      delivered.push(...records.map(({ offset }) => offset));
    });
    await expect(take(0, 599)).resolves.toBeUndefined();
    expect(told[1]).toBe('halt intake: records from t/0/250 on were not taken: broken');
    expect(session.cursorOf('t', 0)?.next).toBe(250n);
    // Should anybody fetch it again all the same: nothing passes.
    await take(0, 599);
    await take(250, 599);
    expect(delivered).toHaveLength(250);
    expect(session.cursorOf('t', 0)?.next).toBe(250n);
  },
);

test('a partition that waits for its schemas, or that the engine has enough of, is not silent', async () => {
  let letGo: () => void = () => undefined;
  const loaded = new Promise<void>((resolve) => (letGo = resolve));
  const plain = createDecoder();
  const decoder: Decoder = { open: (record) => plain.open(record), prepare: () => loaded };
  let slices = 0;
  const { session, take } = aTerm(() => void (slices += 1), decoder);
  const state = {
    ...{ topic: 't', partition: 0, paused: false, unsettled: 0, bytes: 0, span: 0, fill: 0 },
    ...{ watermark: 0n, highWatermark: 600n, oldestUnsettledMs: undefined },
  };
  const isPaused = () => session.signs(state, performance.now())?.paused;
  expect(isPaused()).toBe(false);
  await take(0, 99);
  expect(isPaused()).toBe(true);
  letGo();
  await vi.waitUntil(() => isPaused() === false);
  expect(slices).toBe(1);
  session.pause('t', 0);
  expect(isPaused()).toBe(true);
  expect(session.signs({ ...state, partition: 1 }, 0)).toBeUndefined();
});
