import fc from 'fast-check';
import type { Broker, Cluster } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  abortedAmong,
  type AbortedTransaction,
  type FetchedRecord,
  passOverAborted,
} from '../../../src/bridges/intake/aborted-transactions.js';

const [abortKey, commitKey] = [Buffer.from([0, 0, 0, 0]), Buffer.from([0, 0, 0, 1])];

type Step = 'write' | 'commit' | 'abort';

/** A log of transactions: what each producer does, in the order of the log. */
function logOf(steps: readonly (readonly [producer: string, step: Step])[]) {
  const open = new Map<string, FetchedRecord[]>();
  const records: FetchedRecord[] = [];
  const aborted = new Set<FetchedRecord>();
  const transactions: (AbortedTransaction & { lastOffset: number })[] = [];
  for (const [producerId, step] of steps) {
    const content = open.get(producerId) ?? [];
    const first = content[0];
    // Nothing is marked where nothing was written.
    if (step !== 'write' && first === undefined) continue;
    const record = {
      offset: String(records.length),
      key: step === 'commit' ? commitKey : abortKey,
      isControlRecord: step !== 'write',
      batchContext: { producerId, inTransaction: true },
    };
    records.push(record);
    open.set(producerId, step === 'write' ? [...content, record] : []);
    if (step !== 'abort' || first === undefined) continue;
    for (const one of content) aborted.add(one);
    const { offset: firstOffset } = first;
    transactions.push({ producerId, firstOffset, lastOffset: records.length - 1 });
  }
  /** What is still open is not fetched. */
  const stable = Math.min(
    records.length,
    ...[...open.values()].flatMap(([first]) => (first === undefined ? [] : [+first.offset])),
  );
  return {
    ...{ aborted, stable },
    /** What a broker answers: it lists transactions as they ended. */
    fetch: (from: number, to: number) => ({
      records: records.slice(from, to),
      transactions: transactions.filter(
        ({ firstOffset, lastOffset }) => lastOffset >= from && +firstOffset < to,
      ),
    }),
  };
}

const offsetsOf = (records: Iterable<FetchedRecord>) => [...records].map(({ offset }) => +offset);

/** B begins, A begins and aborts, B aborts. */
const overlapping = () =>
  logOf([
    ...([
      ['B', 'write'],
      ['B', 'write'],
      ['A', 'write'],
      ['C', 'write'],
    ] as const),
    ...([
      ['A', 'abort'],
      ['A', 'write'],
      ['C', 'commit'],
      ['B', 'write'],
    ] as const),
    ...([
      ['B', 'abort'],
      ['A', 'commit'],
      ['B', 'write'],
      ['B', 'commit'],
    ] as const),
  ]);

describe('aborted transactions', () => {
  it('A1: of two that overlap all is aborted, though the later one ended first', () => {
    const { records, transactions } = overlapping().fetch(0, 12);
    expect(transactions.map(({ producerId }) => producerId)).toEqual(['A', 'B']);
    expect(offsetsOf(abortedAmong(records, transactions))).toEqual([0, 1, 2, 7]);
  });

  it('A1: a fetch that begins inside both', () => {
    const { records, transactions } = overlapping().fetch(2, 12);
    expect(offsetsOf(abortedAmong(records, transactions))).toEqual([2, 7]);
  });

  it('A1: a record whose key looks like a marker is none', () => {
    const { records, transactions } = logOf([
      ...([
        ['A', 'write'],
        ['A', 'write'],
        ['A', 'abort'],
      ] as const),
    ]).fetch(0, 3);
    // Every record of these logs has that key.
    expect(records[0]?.key).toEqual(abortKey);
    expect(offsetsOf(abortedAmong(records, transactions))).toEqual([0, 1]);
  });

  it('A1: what a producer writes outside of transactions, and old formats, are never aborted', () => {
    const transactions = [{ producerId: '1', firstOffset: '0' }];
    const plain = { key: null, isControlRecord: false };
    const records = [
      { ...plain, offset: '0', batchContext: { producerId: '1', inTransaction: false } },
      { ...plain, offset: '1' },
    ];
    expect(abortedAmong(records, transactions)).toEqual([]);
  });

  it('A1: of any log, read from anywhere to anywhere, exactly what was aborted', () => {
    const step = fc.tuple(
      fc.constantFrom('1', '2', '3'),
      fc.constantFrom<Step>('write', 'write', 'write', 'commit', 'abort'),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(60), fc.nat(60), (steps, a, b) => {
        const { aborted, stable, fetch } = logOf(steps);
        const [from, to] = [Math.min(a, b), Math.min(Math.max(a, b), stable)];
        const { records, transactions } = fetch(from, to);
        const expected = offsetsOf(aborted).filter((offset) => offset >= from && offset < to);
        const found = offsetsOf(abortedAmong(records, transactions));
        expect(found).toEqual(expected.sort((one, other) => one - other));
      }),
    );
  });

  it('A2: kafkajs takes them for control records, and has nothing to decide itself', async () => {
    const { records, transactions } = overlapping().fetch(0, 12);
    const partition = { messages: records, abortedTransactions: transactions };
    const untouched = { messages: [], abortedTransactions: [] };
    const answer = { responses: [{ partitions: [partition, untouched] }] };
    const broker = { fetch: () => Promise.resolve(answer) } as unknown as Broker;
    const cluster = { findBroker: () => Promise.resolve(broker) } as unknown as Cluster;
    passOverAborted(cluster);
    const found = await cluster.findBroker({ nodeId: '1' });
    expect(await found.fetch({ topics: [] })).toBe(answer);
    const read = records.filter(({ isControlRecord }) => isControlRecord !== true);
    expect(offsetsOf(read)).toEqual([3, 5, 10]);
    expect(records).toHaveLength(12);
    expect(partition.abortedTransactions).toEqual([]);
  });
});
