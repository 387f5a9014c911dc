import { expect, test } from 'vitest';
import { openEnvelope } from '../../src/bridges/envelope.js';
import { becomes, changed } from '../../src/bridges/event-source.js';
import { aChange, aJsonRecord } from '../support/records.js';

function change(op: string, before: unknown, after: unknown) {
  const envelope = openEnvelope(aJsonRecord(aChange({ op, before, after })));
  if (envelope.kind !== 'change') throw new Error('no change');
  return envelope.change;
}

const pending = { status: 'pending' };
const confirmed = { status: 'confirmed' };

test.each([
  ['the transition', 'u', pending, confirmed, 'yes'],
  ['another column of a confirmed row', 'u', confirmed, { ...confirmed, note: 'x' }, 'no'],
  ['the same update again', 'u', confirmed, confirmed, 'no'],
  ['from another status', 'u', { status: 'cancelled' }, confirmed, 'no'],
  ['an insert', 'c', null, confirmed, 'no'],
  ['a snapshot read', 'r', null, confirmed, 'no'],
  ['a delete', 'd', confirmed, null, 'no'],
  ['an update without its row before', 'u', null, confirmed, 'missing-before'],
  ['another update without its row before', 'u', null, pending, 'no'],
])('changed pending → confirmed: %s: %s', (_, op, before, after, match) => {
  expect(changed('status', 'pending', 'confirmed').matches(change(op, before, after))).toBe(match);
});

test.each([
  ['an update to it', 'u', pending, confirmed, 'yes'],
  ['an insert with it', 'c', null, confirmed, 'yes'],
  ['an update of another column', 'u', confirmed, { ...confirmed, note: 'x' }, 'no'],
  ['an update away from it', 'u', confirmed, pending, 'no'],
  ['a snapshot read', 'r', null, confirmed, 'no'],
  ['an update without its row before', 'u', null, confirmed, 'missing-before'],
])('becomes confirmed: %s: %s', (_, op, before, after, match) => {
  expect(becomes('status', 'confirmed').matches(change(op, before, after))).toBe(match);
});
