import { expect, test } from 'vitest';
import { openEnvelope } from '../../../src/bridges/matching/envelope.js';
import { changeId, changePosition, topicPosition } from '../../../src/bridges/matching/position.js';
import { aChange, aJsonRecord, order1001 } from '../../support/records.js';

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

test('positions compare as text in the order of commit, then of the log', () => {
  const [first, second, third] = [
    changeOf('["9","500"]', '0'),
    changeOf('["10","400"]', '1'),
    changeOf('["10","4000"]', '2'),
  ].map(({ position }) => position.at);
  expect([third, second, first].sort()).toEqual([first, second, third]);
});

test('the first change of a log has no commit before it', () => {
  expect(changeOf('[null,"24023400"]', '0').position.at).toMatch(/^0{20}\/0+24023400$/);
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
