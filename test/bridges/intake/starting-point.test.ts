import { expect, test } from 'vitest';
import { doneMap, encodeCommit } from '../../../src/bridges/intake/done-map.js';
import {
  goneInWords,
  type PartitionFacts,
  startingPoint,
} from '../../../src/bridges/intake/starting-point.js';

const facts: PartitionFacts = {
  ...{ topic: 't', partition: 0, generation: 'new', committed: undefined },
  ...{ logStart: 5n, logEnd: 20n },
};
const runs = [{ first: 12n, last: 13n }];
const committed = (offset: bigint, generation = 'new') => ({
  offset,
  metadata: encodeCommit(offset, runs, generation),
});

test('without a commit it begins at the start of the log', () => {
  const begin = { assignment: { from: 5n }, recreated: false, uncommitted: true };
  expect(startingPoint(facts)).toMatchObject(begin);
});

test('S3: nor before the first commit are records deleted unread without a word', () => {
  const { assignment, gone } = startingPoint({ ...facts, reached: 3n });
  expect(gone).toMatchObject({ how: 'expired', first: 3n, until: 5n });
  expect(assignment.from).toBe(5n);
  expect(startingPoint({ ...facts, reached: 25n }).gone?.how).toBe('cut-off');
  expect(startingPoint({ ...facts, reached: 12n })).toMatchObject({ assignment: { from: 5n } });
});

test('with one it begins there, and knows what is settled above', () => {
  const { assignment, gone } = startingPoint({ ...facts, committed: committed(10n) });
  expect(assignment.from).toBe(10n);
  expect(assignment.done?.runs).toEqual(doneMap(runs).runs);
  expect(gone).toBeUndefined();
});

test('S2: a commit of another generation says nothing about this one', () => {
  const old = { ...facts, logStart: 0n, committed: committed(10n, 'old') };
  const { assignment, recreated } = startingPoint(old);
  expect(assignment).toMatchObject({ from: 0n });
  expect(assignment.done).toBeUndefined();
  expect(recreated).toBe(true);
});

test('S1: records that were deleted unread are named', () => {
  const { gone } = startingPoint({ ...facts, committed: committed(2n) });
  expect(gone).toMatchObject({ how: 'expired', first: 2n, until: 5n });
  const words = gone === undefined ? '' : goneInWords(gone);
  expect(words).toContain('records 2 to 4 were deleted');
  expect(words).toContain('HEADRACE_WHEN_RECORDS_ARE_GONE=continue');
  expect(words).toContain("whenRecordsAreGone: 'continue'");
});

test.each([
  ['than was committed', { committed: committed(30n) }],
  ['than was read', { committed: committed(10n), reached: 25n }],
])('S1, S3: a log that ends earlier %s was cut off', (_, more) => {
  const { assignment, gone } = startingPoint({ ...facts, ...more });
  expect(gone?.how).toBe('cut-off');
  expect(assignment.from).toBe(5n);
});

test('metadata of somebody else is ignored', () => {
  const strange = { offset: 10n, metadata: 'who wrote this?' };
  expect(startingPoint({ ...facts, committed: strange }).assignment).toMatchObject({ from: 10n });
});
