import { describe, expect, it } from 'vitest';
import { deadLetterHeaders } from '../../../src/bridges/holding/dead-letter-headers.js';
import {
  type DeadLetter,
  partitionFor,
  withoutContent,
} from '../../../src/bridges/holding/dead-letters.js';
import { aRecord } from '../../support/records.js';

const trace = Buffer.from([1, 2, 255]);
const letter: DeadLetter = {
  record: aRecord({ topic: 't', partition: 3, offset: '41', headers: { trace }, generation: 'g' }),
  ...{ route: 'r', reason: 'undecodable-json', detail: 'x'.repeat(9_999) },
};

describe('dead letters', () => {
  it('L1: the record’s own headers stay as they were, origin and reason are added as text', () => {
    const headers = deadLetterHeaders(letter, 'g', 0);
    expect(headers).toMatchObject({
      trace,
      '__dlq.errors.topic': 't',
      '__dlq.errors.partition': '3',
      '__dlq.errors.offset': '41',
      '__dlq.errors.group': 'g',
      '__dlq.errors.delivery.count': '1',
      '__headrace.errors.reason': 'undecodable-json',
      '__headrace.errors.route': 'r',
      '__headrace.errors.generation': 'g',
      '__headrace.errors.first.failed.at': '1970-01-01T00:00:00.000Z',
    });
    expect(String(headers['__dlq.errors.message'])).toHaveLength(2_000);
    expect(Object.keys(headers)).not.toContain('__headrace.errors.workflow.id');
  });

  it('L1: a header without a value has no bytes, and its name is told; also where it came twice', () => {
    const none = null as unknown as undefined;
    const twice = [Buffer.from('a'), null as unknown as Buffer];
    const record = { ...letter.record, headers: { trace, none, twice, empty: Buffer.alloc(0) } };
    const headers = deadLetterHeaders({ ...letter, record }, 'g', 0);
    expect(headers).toMatchObject({
      ...{ trace, none: Buffer.alloc(0), twice: [Buffer.from('a'), Buffer.alloc(0)] },
      '__headrace.errors.null.headers': '["none","twice"]',
    });
    // What it takes to be written.
    for (const value of Object.values(headers).flat()) {
      expect(() => Buffer.byteLength(value ?? (null as unknown as string))).not.toThrow();
    }
    expect(deadLetterHeaders(letter, 'g', 0)).not.toHaveProperty([
      '__headrace.errors.null.headers',
    ]);
  });

  it('names lane, workflow, attempts and first failure where they are known', () => {
    const known = { lane: 'order:1', workflowId: 'order:1', attempts: 7, firstFailedMs: 1_000 };
    expect(deadLetterHeaders({ ...letter, ...known }, 'g', 9)).toMatchObject({
      '__dlq.errors.delivery.count': '7',
      '__headrace.errors.queue': 'order:1',
      '__headrace.errors.workflow.id': 'order:1',
      '__headrace.errors.first.failed.at': '1970-01-01T00:00:01.000Z',
    });
  });

  it('keeps the partition where the numbers are the same, else goes by the key', () => {
    const key = Buffer.from('k');
    expect(partitionFor({ key, partition: 4 }, 6, 6)).toBe(4);
    expect(partitionFor({ key, partition: 4 }, 6, 3)).toBeUndefined();
    expect(partitionFor({ key: null, partition: 4 }, 6, 3)).toBe(1);
    expect(partitionFor({ key: null, partition: 4 }, 6, undefined)).toBeUndefined();
  });

  it('L3: what is left of a letter that is too large says so, and fits', () => {
    const headers = { ...deadLetterHeaders(letter, 'g', 0), large: Buffer.alloc(9_999) };
    const message = { key: 'k', value: Buffer.alloc(9_999), timestamp: '5', headers, partition: 3 };
    const left = withoutContent(message, 9_999);
    expect(left).toMatchObject({ key: 'k', value: null, timestamp: '5', partition: 3 });
    expect(left.headers).toMatchObject({
      '__headrace.errors.omitted.bytes': '9999',
      '__dlq.errors.offset': '41',
    });
    expect(left.headers).not.toHaveProperty('large');
    expect(withoutContent({ ...message, key: Buffer.alloc(9_999) }, 1).key).toBeNull();
  });
});
