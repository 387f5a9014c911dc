import { expect, test } from 'vitest';
import { Lanes } from '../../../src/bridges/engine/lanes.js';

const lanesOf = () => new Lanes<string>(() => 'g');
const all = (items: readonly string[]) => items.length;

/** One lane's worth. */
function take(lanes: Lanes<string>, size: (items: readonly string[]) => number = () => 1) {
  let first = true;
  const [taken] = lanes.take('g', (items) => {
    if (!first) return 0;
    first = false;
    return size(items);
  });
  return taken;
}

test('B3: a lane has one request in flight, and what arrives meanwhile leaves together', () => {
  const lanes = lanesOf();
  lanes.push('w', 'a');
  expect(take(lanes, all)).toEqual({ lane: 'w', items: ['a'] });
  lanes.push('w', 'b');
  lanes.push('w', 'c');
  expect(take(lanes, all)).toBeUndefined();
  lanes.done('w');
  expect(take(lanes, all)).toEqual({ lane: 'w', items: ['b', 'c'] });
});

test('B4: lanes take turns, and a busy one holds up no other', () => {
  const lanes = lanesOf();
  for (const item of ['a1', 'a2']) lanes.push('a', item);
  lanes.push('b', 'b1');
  expect(take(lanes)?.items).toEqual(['a1']);
  expect(take(lanes)?.items).toEqual(['b1']);
  expect(take(lanes)).toBeUndefined();
  lanes.done('a');
  expect(take(lanes)?.items).toEqual(['a2']);
});

test('dropping forgets what waits, not what is in flight', () => {
  const lanes = lanesOf();
  lanes.push('a', 'old');
  take(lanes);
  lanes.push('a', 'old');
  lanes.push('b', 'old');
  lanes.push('b', 'new');
  lanes.drop((item) => item === 'old');
  expect(lanes.queued).toBe(1);
  expect(take(lanes, all)).toEqual({ lane: 'b', items: ['new'] });
  lanes.done('a');
  lanes.done('b');
  expect(take(lanes, all)).toBeUndefined();
});

test('a group bundles the heads of many lanes, as many as fit', () => {
  const lanes = lanesOf();
  for (const lane of ['a', 'b', 'c']) lanes.push(lane, `${lane}1`);
  let left = 2;
  const taken = lanes.take('g', () => (left-- > 0 ? 1 : 0));
  expect(taken.map(({ lane }) => lane)).toEqual(['a', 'b']);
  expect(take(lanes)?.items).toEqual(['c1']);
});

test('groups take turns, and a lane stands in the group of its head', () => {
  const lanes = new Lanes<string>((item) => item.slice(0, 1));
  lanes.push('a', 'x1');
  lanes.push('a', 'y2');
  lanes.push('b', 'y1');
  expect(lanes.groups).toEqual(['x', 'y']);
  lanes.take('x', () => 1);
  expect(lanes.groups).toEqual(['y']);
  lanes.done('a');
  expect(lanes.take('y', () => 1).map(({ items }) => items)).toEqual([['y1'], ['y2']]);
});

test('what comes back goes before what waits', () => {
  const lanes = lanesOf();
  lanes.push('a', 'a1');
  take(lanes);
  lanes.push('a', 'a2');
  lanes.done('a', ['a1']);
  expect(take(lanes, all)?.items).toEqual(['a1', 'a2']);
});
