import { describe, expect, test } from 'vitest';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import { changeId, changePosition, topicPosition } from '../../../src/bridges/matching/position.js';
import { Marks } from '../../../src/workflows/marks.js';
import { aChange, aJsonRecord, anEvent, order1001 } from '../../support/records.js';

function changeOf(sequence: string | null, offset: string) {
  const record = aJsonRecord(aChange({ before: order1001, after: order1001, sequence }), {
    offset,
  });
  const envelope = openEnvelope(record);
  if (envelope.kind !== 'change') throw new Error('no change');
  const position = changePosition(envelope.change, record);
  return { position, id: changeId(envelope.change, record, position) };
}

test('a change published again at another offset is the same event at the same place', () => {
  expect(changeOf('["24023128","24023400"]', '7')).toEqual(
    changeOf('["24023128","24023400"]', '1234'),
  );
});

test('rows that one COPY inserts under one key are events of their own, also published again', () => {
  const lineOf = (line: number, offset: string): string => {
    const after = { order_id: 7, line, sku: 'lamp' };
    const record = aJsonRecord(aChange({ op: 'c', table: 'order_lines', after }), {
      ...{ offset, key: Buffer.from('{"order_id":7}') },
    });
    const envelope = openEnvelope(record);
    if (envelope.kind !== 'change') throw new Error('no change');
    return changeId(envelope.change, record, changePosition(envelope.change, record));
  };
  const ids = [lineOf(1, '10'), lineOf(2, '11'), lineOf(3, '12')];
  expect(new Set(ids).size).toBe(3);
  expect([lineOf(1, '90'), lineOf(2, '91'), lineOf(3, '92')]).toEqual(ids);
});

test('positions compare as text in the order of commit, then of the log', () => {
  const [first, second, third] = [
    changeOf('["9","500"]', '0'),
    changeOf('["10","400"]', '1'),
    changeOf('["10","4000"]', '2'),
  ].map(({ position }) => position.at);
  expect([third, second, first].sort()).toEqual([first, second, third]);
});

describe('the first transaction after Debezium began without offsets', () => {
  /** What of these changes a workflow accepts, by its position in the log. */
  const acceptedOf = (sequences: readonly string[]): string[] => {
    const marks = new Marks();
    return sequences.filter((sequence, offset) => {
      const { position, id } = changeOf(sequence, String(offset));
      return marks.accept(anEvent({ id, position }));
    });
  };

  test('is no repetition of what came before, nor what follows one of it', () => {
    const all = ['["900","950"]', '[null,"1100"]', '[null,"1110"]', '["1200","1150"]'];
    expect(acceptedOf(all)).toEqual(all);
  });

  test('may have begun before the last commit that is known', () => {
    const all = ['["900","980"]', '["990","995"]', '[null,"960"]', '["1000","970"]'];
    expect(acceptedOf(all)).toEqual(all);
  });

  test('goes on after a crash in the middle of it', () => {
    // Debezium then takes the last change that it told of for the last commit.
    const all = ['["900","950"]', '[null,"1100"]', '[null,"1110"]', '["1100","1120"]'];
    expect(acceptedOf(all)).toEqual(all);
  });

  test('is recognised when it is published again without offsets', () => {
    const all = ['["900","950"]', '[null,"1100"]', '[null,"1110"]'];
    expect(acceptedOf([...all, '[null,"1100"]', '[null,"1110"]'])).toEqual(all);
  });

  test('is told from other transactions', () => {
    const sourceOf = (txId: number | undefined): string => {
      const content = aChange({ after: order1001, sequence: '[null,"1100"]' });
      const source = { ...(content['source'] as object), txId };
      const record = aJsonRecord({ ...content, source });
      const envelope = openEnvelope(record);
      if (envelope.kind !== 'change') throw new Error('no change');
      return changePosition(envelope.change, record).source;
    };
    expect(sourceOf(780)).toBe('postgres:ecommerce.public.orders/0#780');
    expect(sourceOf(781)).not.toBe(sourceOf(780));
    expect(sourceOf(undefined)).toBe('postgres:ecommerce.public.orders/0#first');
  });

  test('a snapshot stands in its topic, whatever the log says', () => {
    const record = aJsonRecord(aChange({ op: 'r', after: order1001, sequence: '[null,"1100"]' }));
    const envelope = openEnvelope(record);
    if (envelope.kind !== 'change') throw new Error('no change');
    expect(changePosition(envelope.change, record)).toEqual(topicPosition(record));
  });
});

test('a change without a sequence stands where its record stands', () => {
  expect(changeOf(null, '7').position).toEqual({
    source: 'kafka:shop.events#0/0',
    at: '00000000000000000007',
  });
});

test('the logs of two servers are two sources, though their tables are named alike', () => {
  const sourceOf = (name: string) => {
    const content = aChange({ before: order1001, after: order1001 });
    const record = aJsonRecord({ ...content, source: { ...(content['source'] as object), name } });
    const envelope = openEnvelope(record);
    if (envelope.kind !== 'change') throw new Error('no change');
    return changePosition(envelope.change, record).source;
  };
  expect(sourceOf('shop-eu')).not.toBe(sourceOf('shop-us'));
});

test('a binary key tells rows apart, whatever the id of its schema', () => {
  const idOf = (key: number[]) => {
    const record = aJsonRecord(aChange({ after: order1001 }), { key: Buffer.from(key) });
    const envelope = openEnvelope(record);
    if (envelope.kind !== 'change') throw new Error('no change');
    return changeId(envelope.change, record, changePosition(envelope.change, record));
  };
  expect(idOf([0, 0, 0, 0, 1, 0xd2, 0x0f])).not.toBe(idOf([0, 0, 0, 0, 1, 0xd3, 0x0f]));
  expect(idOf([0, 0, 0, 0, 1, 0xd2, 0x0f])).toBe(idOf([0, 0, 0, 0, 2, 0xd2, 0x0f]));
});

test('a topic that was re-created begins a new source', () => {
  const [old, anew] = [aJsonRecord({}), aJsonRecord({}, { generation: '1' })];
  expect(topicPosition(anew).source).not.toBe(topicPosition(old).source);
});
