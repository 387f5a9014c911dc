import type { Cluster, Consumer, EachBatchPayload } from 'kafkajs';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createDecoder } from '../../../src/bridges/matching/decoder.js';
import { ConsumerSession } from '../../../src/bridges/intake/consumer-session.js';

/** An opened session of one partition, and what it made of its consumer and its engine. */
function aTerm() {
  const steered: string[] = [];
  const delivered: string[] = [];
  const consumer = {
    pause: () => steered.push('pause'),
    resume: () => steered.push('resume'),
    seek: () => undefined,
  } as unknown as Consumer;
  const session = new ConsumerSession(
    { t: [0] },
    {
      ...{ consumer, cluster: {} as Cluster, decoder: createDecoder() },
      log: pino({ level: 'silent' }),
      deliver: (_, records) => delivered.push(...records.map(({ offset }) => offset)),
      ...{ read: () => undefined, wait: () => undefined },
      ...{ halt: () => undefined, rejoin: () => undefined },
    },
  );
  const open = () => {
    const assignment = { topic: 't', partition: 0, generation: 'g', from: 0n };
    session.open([{ assignment, logEnd: 9n }], 1, false);
  };
  const fetched = (offset: number): EachBatchPayload =>
    ({
      batch: {
        ...{ topic: 't', partition: 0, highWatermark: '9', fetchedOffset: String(offset) },
        lastOffset: () => String(offset),
        messages: [{ offset: String(offset), key: null, value: null, timestamp: '0' }],
      },
    }) as unknown as EachBatchPayload;
  return { session, steered, delivered, open, fetched };
}

test('K4: nothing is delivered before the session is opened, and nothing once it is over', async () => {
  const { session, delivered, open, fetched } = aTerm();
  await session.take(fetched(0));
  open();
  await session.take(fetched(0));
  session.end();
  await session.take(fetched(1));
  expect(delivered).toEqual(['0']);
});

test('one that rests reads nothing more, though the engine has room again', async () => {
  const { session, steered, delivered, open, fetched } = aTerm();
  open();
  await session.take(fetched(0));
  session.pause('t', 0);
  session.rest();
  session.resume('t', 0);
  await session.take(fetched(1));
  expect(delivered).toEqual(['0']);
  expect(steered).toEqual(['pause', 'resume', 'pause', 'pause']);
});

test('one that rests before it is opened is never resumed', async () => {
  const { session, steered, delivered, open, fetched } = aTerm();
  session.rest();
  open();
  await session.take(fetched(0));
  expect(session.isOpen).toBe(true);
  expect(delivered).toEqual([]);
  expect(steered).not.toContain('resume');
});
