import { describe, expect, test } from 'vitest';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import {
  and,
  header,
  key,
  type Match,
  not,
  operation,
  or,
  type Predicate,
} from '../../../src/bridges/matching/predicate.js';
import { becomes, changed, is, where } from '../../../src/bridges/matching/row-predicate.js';
import { aChange, aJsonRecord, aRecord } from '../../support/records.js';

const pending = { status: 'pending', stock: 1 };
const confirmed = { status: 'confirmed', stock: 1 };
const shipped = { status: 'shipped', stock: 0 };

function judge(
  predicate: Pick<Predicate, 'test' | 'mayMatch'>,
  op: string,
  before: unknown,
  after: unknown,
): Match {
  const record = aJsonRecord(aChange({ op, before, after }));
  const envelope = openEnvelope(record);
  if (envelope.kind !== 'change' || record.value === null) throw new Error('no change');
  const match = predicate.test(envelope.change, record);
  // P2: what the bytes rule out must not match.
  if (!predicate.mayMatch(record.value, record)) expect(match).toBe('no');
  return match;
}

test.each([
  ['the transition', 'u', pending, confirmed, 'yes'],
  ['another column of a confirmed row', 'u', confirmed, { ...confirmed, note: 'x' }, 'no'],
  ['the same update again', 'u', confirmed, confirmed, 'no'],
  ['from another status', 'u', { status: 'cancelled' }, confirmed, 'no'],
  ['an insert', 'c', null, confirmed, 'no'],
  ['a snapshot read', 'r', null, confirmed, 'no'],
  ['a delete', 'd', confirmed, null, 'no'],
  ['a truncated table', 't', null, null, 'no'],
  ['an update without its row before', 'u', null, confirmed, 'missing-before'],
  ['an update with only the key before', 'u', { id: 1 }, confirmed, 'missing-before'],
  ['another update without its row before', 'u', null, pending, 'no'],
] as const)('changed pending → confirmed: %s: %s', (_, op, before, after, match) => {
  expect(judge(changed('status', 'pending', 'confirmed'), op, before, after)).toBe(match);
});

test.each([
  ['from one set to another', pending, shipped, 'yes'],
  ['within both sets, and not changed', confirmed, confirmed, 'no'],
  ['within both sets, and changed', pending, confirmed, 'yes'],
  ['out of the set', confirmed, pending, 'no'],
] as const)('changed, by sets of values: %s: %s', (_, before, after, match) => {
  const predicate = changed('status', ['pending', 'confirmed'], ['confirmed', 'shipped']);
  expect(judge(predicate, 'u', before, after)).toBe(match);
});

test.each([
  ['another value', pending, confirmed, 'yes'],
  ['the same value', pending, { ...pending, stock: 2 }, 'no'],
  ['no such field', pending, { stock: 2 }, 'no'],
  ['no row before', null, confirmed, 'missing-before'],
] as const)('changed, whatever from and to: %s: %s', (_, before, after, match) => {
  expect(judge(changed('status'), 'u', before, after)).toBe(match);
});

test('changed compares structures by what is in them', () => {
  const tags = (list: string[]) => ({ tags: { list } });
  expect(judge(changed('tags'), 'u', tags(['a']), tags(['a']))).toBe('no');
  expect(judge(changed('tags'), 'u', tags(['a']), tags(['b']))).toBe('yes');
});

test('numbers are compared as numbers, and never by their bytes', () => {
  const predicate = changed('stock', 1, 0);
  expect(judge(predicate, 'u', pending, shipped)).toBe('yes');
  const value = Buffer.from('{"op":"u","before":{"stock":1.0},"after":{"stock":0e0}}');
  expect(predicate.mayMatch(value, aRecord({ value }))).toBe(true);
});

test.each([
  ['an update to it', 'u', pending, confirmed, 'yes'],
  ['an insert with it', 'c', null, confirmed, 'yes'],
  ['a snapshot read, where it was asked for', 'r', null, confirmed, 'yes'],
  ['an update of another column', 'u', confirmed, { ...confirmed, note: 'x' }, 'no'],
  ['an update away from it', 'u', confirmed, pending, 'no'],
  ['a delete', 'd', confirmed, null, 'no'],
  ['an update without its row before', 'u', null, confirmed, 'missing-before'],
] as const)('becomes confirmed: %s: %s', (_, op, before, after, match) => {
  expect(judge(becomes('status', 'confirmed'), op, before, after)).toBe(match);
});

test.each([
  ['an insert', 'c', null, confirmed, 'yes'],
  ['a deleted row', 'd', confirmed, null, 'yes'],
  ['another row', 'u', confirmed, pending, 'no'],
  ['a delete without its row', 'd', null, null, 'missing-before'],
  ['a delete with only the key of its row', 'd', { id: 1 }, null, 'missing-before'],
  ['a truncated table', 't', null, null, 'no'],
] as const)('is confirmed: %s: %s', (_, op, before, after, match) => {
  expect(judge(is('status', 'confirmed'), op, before, after)).toBe(match);
});

test.each(['insert', 'update', 'delete', 'snapshot', 'truncate'] as const)(
  'operation %s',
  (name) => {
    const found = ['c', 'u', 'd', 'r', 't'].filter(
      (op) => judge(operation(name), op, pending, pending) === 'yes',
    );
    const codes = { insert: 'c', update: 'u', delete: 'd', snapshot: 'r', truncate: 't' };
    expect(found).toEqual([codes[name]]);
  },
);

describe('composed', () => {
  const none = changed('status', 'pending', 'confirmed');
  const yes = where('always', () => true);
  const no = where('never', () => false);

  test.each([
    ['and: all', and(yes, yes), 'yes'],
    ['and: one says no', and(none, no), 'no'],
    ['and: it hangs on the row before', and(yes, none), 'missing-before'],
    ['or: one says yes', or(none, yes), 'yes'],
    ['or: it hangs on the row before', or(no, none), 'missing-before'],
    ['or: none', or(no, no), 'no'],
    ['not: yes', not(yes), 'no'],
    ['not: no', not(no), 'yes'],
    ['not: it hangs on the row before', not(none), 'missing-before'],
  ] as const)('P1: %s', (_, predicate, match) => {
    expect(judge(predicate, 'u', null, confirmed)).toBe(match);
  });

  test('in words', () => {
    const predicate = and(
      or(changed('status', ['pending', 'held'], 'confirmed'), changed('stock')),
      not(header('tenant', 'test')),
      operation('update', 'delete'),
      changed('status', undefined, 'shipped'),
      key(/^eu-/),
    );
    expect(predicate.words).toBe(
      '(status: pending | held → confirmed or stock changes) and not (header tenant = test) ' +
        'and update or delete and status: … → shipped and key ~ /^eu-/',
    );
  });
});

test.each([
  ['present', header('tenant'), 'yes'],
  ['absent', header('region'), 'no'],
  ['its value', header('tenant', 'eu'), 'yes'],
  ['one of several values', header('tenant', ['us', 'eu']), 'yes'],
  ['another value', header('tenant', 'us'), 'no'],
  ['a pattern', header('tenant', /^e/g), 'yes'],
  ['several headers of one name', header('hop', 'b'), 'yes'],
  ['one without a value is there', header('none'), 'yes'],
  ['one without a value has none', header('none', ''), 'no'],
  ['a name that every object knows', header('constructor'), 'no'],
  ['the key', key('1001'), 'yes'],
  ['another key', key(['1002', '1003']), 'no'],
] as const)('header and key: %s', (_, predicate, match) => {
  const record = aRecord({
    value: Buffer.from('{}'),
    headers: { tenant: Buffer.from('eu'), hop: ['a', 'b'], none: null as unknown as undefined },
  });
  // Twice: a pattern must not remember where it stopped.
  for (const again of [1, 2]) {
    expect([again, predicate.test(undefined, record)]).toEqual([again, match]);
    expect(predicate.mayMatch(record.value ?? Buffer.alloc(0), record)).toBe(match === 'yes');
  }
});

test('what is no row change matches nothing about rows', () => {
  for (const one of [changed('status'), becomes('status', 'x'), is('status', 'x')]) {
    expect(one.test(undefined, aRecord())).toBe('no');
  }
  expect(operation('insert').test(undefined, aRecord())).toBe('no');
});
