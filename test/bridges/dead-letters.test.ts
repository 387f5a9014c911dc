import { expect, test } from 'vitest';
import { deadLetterHeaders } from '../../src/bridges/dead-letters.js';
import { aRecord } from '../support/records.js';

test('the record’s own headers stay as they were, origin and reason are added as text', () => {
  const trace = Buffer.from([1, 2, 255]);
  const record = aRecord({ topic: 't', partition: 3, offset: '41', headers: { trace } });
  const letter = {
    record,
    route: 'r',
    reason: 'undecodable-json',
    detail: 'x'.repeat(9_999),
  } as const;
  const headers = deadLetterHeaders(letter, 'g');
  expect(headers).toMatchObject({
    trace,
    '__dlq.errors.topic': 't',
    '__dlq.errors.partition': '3',
    '__dlq.errors.offset': '41',
    '__dlq.errors.group': 'g',
    '__headrace.errors.reason': 'undecodable-json',
    '__headrace.errors.route': 'r',
  });
  expect(String(headers['__dlq.errors.message'])).toHaveLength(2_000);
});
