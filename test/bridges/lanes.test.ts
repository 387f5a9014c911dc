import { expect, test } from 'vitest';
import { Lanes } from '../../src/bridges/lanes.js';

const one = () => 1;
const all = (items: readonly string[]) => items.length;

test('B3: a lane has one request in flight, and what arrives meanwhile leaves together', () => {
  const lanes = new Lanes<string>();
  lanes.push('w', 'a');
  expect(lanes.take(all)).toEqual({ id: 'w', items: ['a'] });
  lanes.push('w', 'b');
  lanes.push('w', 'c');
  expect(lanes.take(all)).toBeUndefined();
  lanes.done('w');
  expect(lanes.take(all)).toEqual({ id: 'w', items: ['b', 'c'] });
});

test('B4: lanes take turns, and a busy one holds up no other', () => {
  const lanes = new Lanes<string>();
  for (const item of ['a1', 'a2']) lanes.push('a', item);
  lanes.push('b', 'b1');
  expect(lanes.take(one)?.items).toEqual(['a1']);
  expect(lanes.take(one)?.items).toEqual(['b1']);
  expect(lanes.take(one)).toBeUndefined();
  lanes.done('a');
  expect(lanes.take(one)?.items).toEqual(['a2']);
});

test('dropping forgets what waits, not what is in flight', () => {
  const lanes = new Lanes<string>();
  lanes.push('a', 'old');
  lanes.take(one);
  lanes.push('a', 'old');
  lanes.push('b', 'old');
  lanes.push('b', 'new');
  lanes.drop((item) => item === 'old');
  expect(lanes.queued).toBe(1);
  expect(lanes.take(all)).toEqual({ id: 'b', items: ['new'] });
  lanes.done('a');
  lanes.done('b');
  expect(lanes.take(all)).toBeUndefined();
});
