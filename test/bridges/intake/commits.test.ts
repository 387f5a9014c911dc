/** Commits over a consumer that answers when the test lets it, and whose group may move meanwhile. */
import kafkajs, { type TopicPartitionOffsetAndMetadata } from 'kafkajs';
import { expect, test } from 'vitest';
import { Commits, type Member } from '../../../src/bridges/intake/commits.js';
import { decodeCommit } from '../../../src/bridges/intake/done-map.js';
import { defaultLimits } from '../../../src/bridges/engine/engine-ports.js';
import { Windows } from '../../../src/bridges/engine/windows.js';
import { createLog } from '../../../src/log.js';

const { KafkaJSNonRetriableError, KafkaJSProtocolError } = kafkajs;
const generation = 'g';

/** Partitions 0 to 3 of `t`, of which offset 1 of each is not settled, while 2 and 4 are. */
function aScene(assigned: readonly number[] = [0, 1, 2, 3]) {
  const nothing = () => undefined;
  const windows = new Windows({ pause: nothing, resume: nothing }, defaultLimits.window);
  windows.open(
    [0, 1, 2, 3].map((partition) => ({ topic: 't', generation, partition })),
    1,
  );
  for (const window of windows) {
    for (let offset = 0n; offset < 6n; offset += 1n) window.deliver(offset, 1);
    for (const offset of [0n, 2n, 4n]) window.settle(offset, 1);
  }
  const sent: (readonly TopicPartitionOffsetAndMetadata[])[] = [];
  const answers: ((error?: Error) => void)[] = [];
  const lines: string[] = [];
  const log = createLog('warn', { write: (line) => lines.push(line) });
  let [refused, isCurrent] = [0, true];
  const commits = new Commits({
    engine: { windows, releases: () => windows.releases() },
    log,
    refused: () => (refused += 1),
  });
  const member: Member = {
    consumer: {
      commitOffsets: (offsets) => {
        sent.push(offsets);
        return new Promise((resolve, reject) =>
          answers.push((error) => {
            if (error === undefined) resolve();
            else reject(error);
          }),
        );
      },
    },
    assigned: { t: assigned },
    isCurrent: () => isCurrent,
  };
  const answer = async (error?: Error): Promise<void> => {
    answers.shift()?.(error);
    await new Promise((done) => setImmediate(done));
  };
  const lose = (): void => void (isCurrent = false);
  return { windows, commits, member, sent, answer, lose, lines, refused: () => refused };
}

const runsOf = ({ metadata }: TopicPartitionOffsetAndMetadata) =>
  decodeCommit(metadata)?.done.runs.map(({ first, last }) => [Number(first), Number(last)]);

test('the lowest offset that is not settled is committed, with what is settled above it', async () => {
  const { commits, member, sent, answer, windows } = aScene();
  const committing = commits.commit(member);
  await answer();
  await committing;
  expect(sent).toHaveLength(1);
  expect(sent[0]?.map(({ partition, offset }) => [partition, offset])).toEqual(
    [0, 1, 2, 3].map((partition) => [partition, '1']),
  );
  expect(sent[0]?.map(runsOf)).toEqual(
    Array.from({ length: 4 }, () => [
      [2, 2],
      [4, 4],
    ]),
  );
  expect(decodeCommit(sent[0]?.[0]?.metadata)?.isOf(generation)).toBe(true);
  expect(windows.releases()).toEqual([]);
});

test('K2: of partitions that the member does not have nothing is committed', async () => {
  const { commits, member, sent, answer } = aScene([2]);
  const committing = commits.commit(member);
  await answer();
  await committing;
  expect(sent.flat().map(({ partition }) => partition)).toEqual([2]);
});

test('K2: what waited for its turn while the group moved on is not sent', async () => {
  const { commits, member, sent, answer, lose, windows } = aScene();
  const first = commits.commit(member);
  const second = commits.commit(member);
  const begun = commits.begin(member, [{ topic: 't', generation, partition: 0, from: 0n }]);
  for (const window of windows) window.settle(1n, 1);
  lose();
  await answer();
  await Promise.all([first, second, begun]);
  expect(sent).toHaveLength(1);
});

test('K2: commits go out one after the other', async () => {
  const { commits, member, sent, answer, windows } = aScene();
  const first = commits.commit(member);
  for (const window of windows) window.settle(1n, 1);
  const second = commits.commit(member);
  expect(sent).toHaveLength(1);
  await answer();
  expect(sent).toHaveLength(2);
  await answer();
  await Promise.all([first, second]);
  expect(sent[1]?.map(({ offset }) => offset)).toEqual(['3', '3', '3', '3']);
});

test('K7: a map that is too large for the broker is left out, and maps are smaller from then on', async () => {
  const { commits, member, sent, answer, windows, refused, lines } = aScene();
  const committing = commits.commit(member);
  await answer(tooLarge());
  expect(sent[1]?.map(({ offset }) => offset)).toEqual(['1', '1', '1', '1']);
  expect(sent[1]?.map(runsOf)).toEqual([[], [], [], []]);
  expect(decodeCommit(sent[1]?.[0]?.metadata)?.isOf(generation)).toBe(true);
  await answer();
  await committing;
  expect(windows.releases()).toEqual([]);
  expect([refused(), lines]).toEqual([1, []]);
  // Half of what it was: the map of these few fits.
  for (const window of windows) window.settle(1n, 1);
  const next = commits.commit(member);
  await answer();
  await next;
  expect(sent[2]?.map(runsOf)).toEqual(Array.from({ length: 4 }, () => [[4, 4]]));
});

test('K7: refused commits are counted, and told of at the fifth in a row', async () => {
  const { commits, member, answer, lines, refused, windows } = aScene();
  for (let time = 1; time <= 5; time += 1) {
    expect(lines).toEqual([]);
    const committing = commits.commit(member);
    await answer(new Error('the broker is busy'));
    await committing;
  }
  expect(refused()).toBe(5);
  expect(lines.join()).toMatch(/the broker is busy.*commit refused/);
  expect(windows.releases()).toHaveLength(4);
});

/** As kafkajs tells of it. */
function tooLarge(): Error {
  const cause = new KafkaJSProtocolError({
    ...{ type: 'OFFSET_METADATA_TOO_LARGE', code: 12, retriable: false },
    message: 'The metadata field of the offset request was too large',
  } as never);
  return Object.assign(new KafkaJSNonRetriableError(cause.message), { cause });
}
