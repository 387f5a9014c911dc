import type { Cluster, Consumer, EachBatchPayload } from 'kafkajs';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createDecoder } from '../../../src/bridges/matching/decoder.js';
import { Term } from '../../../src/bridges/intake/term.js';

/** An opened term of one partition, and what it made of its consumer and its engine. */
function aTerm() {
  const steered: string[] = [];
  const delivered: string[] = [];
  const consumer = {
    pause: () => steered.push('pause'),
    resume: () => steered.push('resume'),
    seek: () => undefined,
  } as unknown as Consumer;
  const term = new Term(
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
    term.open([{ assignment, logEnd: 9n }], 1, false);
  };
  const fetched = (offset: number): EachBatchPayload =>
    ({
      batch: {
        ...{ topic: 't', partition: 0, highWatermark: '9', fetchedOffset: String(offset) },
        lastOffset: () => String(offset),
        messages: [{ offset: String(offset), key: null, value: null, timestamp: '0' }],
      },
    }) as unknown as EachBatchPayload;
  return { term, steered, delivered, open, fetched };
}

test('K4: nothing is delivered before the term is opened, and nothing once it is over', async () => {
  const { term, delivered, open, fetched } = aTerm();
  await term.take(fetched(0));
  open();
  await term.take(fetched(0));
  term.end();
  await term.take(fetched(1));
  expect(delivered).toEqual(['0']);
});

test('one that rests reads nothing more, though the engine has room again', async () => {
  const { term, steered, delivered, open, fetched } = aTerm();
  open();
  await term.take(fetched(0));
  term.pause('t', 0);
  term.rest();
  term.resume('t', 0);
  await term.take(fetched(1));
  expect(delivered).toEqual(['0']);
  expect(steered).toEqual(['pause', 'resume', 'pause', 'pause']);
});

test('one that rests before it is opened is never resumed', async () => {
  const { term, steered, delivered, open, fetched } = aTerm();
  term.rest();
  open();
  await term.take(fetched(0));
  expect(term.isOpen).toBe(true);
  expect(delivered).toEqual([]);
  expect(steered).not.toContain('resume');
});
