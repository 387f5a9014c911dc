import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  atMost,
  type BookRow,
  disagreements,
  missingRuns,
  strayRuns,
} from '../../src/activities/drift.js';
import { Evidence } from '../../src/activities/evidence.js';
import type { Expectation } from '../../src/activities/expectation.js';

const range = { fromMs: 1_000, toMs: 2_000 };
const head = (offset: number, atMs: number, topic = 'shop.events') => ({
  topic,
  partition: 0,
  offset: String(offset),
  timestamp: String(atMs),
});

const confirmed = (orderId: string, amount = '249.90', currency = 'EUR'): Expectation => ({
  route: 'fulfil-confirmed-order',
  workflowId: `order:${orderId}`,
  kind: 'start',
  eventType: 'order.confirmed',
  data: { orderId, amount, currency },
});

const paid = (paymentId: string, amount: string): Expectation => ({
  route: 'stop-paid-recovery',
  workflowId: `payment-recovery:${paymentId}`,
  kind: 'signal',
  eventType: 'payment.succeeded',
  data: { paymentId, amount, currency: 'EUR' },
});

const row = (key: string, amount: string, currency = 'EUR'): BookRow => ({
  book: 'orders',
  key,
  amount,
  currency,
});

const run = (workflowId: string, startedMs = 1_500) => ({
  workflowId,
  runId: `run of ${workflowId}`,
  workflow: 'fulfilOrder',
  startedMs,
});

describe('evidence', () => {
  it('expects a run of starts and signal-with-starts, and nothing of signals', () => {
    const evidence = new Evidence(range);
    const failed = {
      ...paid('p2', '1'),
      kind: 'signalWithStart',
      eventType: 'payment.failed',
    } as const;
    evidence.note(head(0, 1_000), [confirmed('1')]);
    evidence.note(head(1, 1_001), [paid('p1', '1')]);
    evidence.note(head(2, 1_002), [failed]);
    evidence.note(head(3, 1_003), []);
    expect([...evidence.calls.keys()]).toEqual(['order:1', 'payment-recovery:p2']);
    expect(evidence).toMatchObject({ records: 4, events: 3 });
  });

  it('lets events around the range explain runs, but expects nothing of them', () => {
    const evidence = new Evidence(range);
    evidence.note(head(0, 999), [confirmed('before')]);
    evidence.note(head(1, 2_000), [confirmed('after')]);
    expect([...evidence.explained]).toEqual(['order:before', 'order:after']);
    expect(evidence.calls.size).toBe(0);
    expect(evidence).toMatchObject({ records: 0, events: 0 });
    expect(evidence.statements()).toEqual([]);
  });

  it('keeps the last statement in the order of the log, whatever the timestamps say', () => {
    const evidence = new Evidence(range);
    evidence.note(head(7, 1_500), [confirmed('1', '10')]);
    evidence.note(head(8, 1_400), [confirmed('1', '11')]);
    expect(evidence.statements()).toMatchObject([{ key: '1', amount: '11' }]);
  });

  it('leaves a row to the next chunk when its last statement lies there', () => {
    const evidence = new Evidence(range);
    evidence.note(head(7, 1_900), [confirmed('1', '10')]);
    evidence.note(head(8, 2_100), [confirmed('1', '11')]);
    expect(evidence.statements()).toEqual([]);
  });

  it('keeps only what it is about', () => {
    const evidence = new Evidence(range, new Set(['order:1', 'payments/p1']));
    evidence.note(head(0, 1_000), [confirmed('1'), confirmed('2')]);
    evidence.note(head(1, 1_000), [paid('p1', '1'), paid('p2', '1')]);
    expect([...evidence.explained]).toEqual(['order:1']);
    expect(evidence.statements().map(({ key }) => key)).toEqual(['p1']);
  });
});

describe('runs', () => {
  it('reports an event whose run does not exist, with its record', () => {
    const evidence = new Evidence(range);
    evidence.note(head(41, 1_500), [confirmed('1001')]);
    const { findings } = missingRuns(evidence.calls.values(), () => false, 0);
    expect(findings).toMatchObject([
      {
        kind: 'event-without-run',
        subject: 'order 1001',
        workflowId: 'order:1001',
        record: { topic: 'shop.events', partition: 0, offset: '41' },
        at: '1970-01-01T00:00:01.500Z',
      },
    ]);
    expect(findings[0]?.explanation).toContain('shop.events/0/41');
  });

  it('does not judge what may have passed retention', () => {
    const evidence = new Evidence(range);
    evidence.note(head(0, 1_499), [confirmed('old')]);
    evidence.note(head(1, 1_500), [confirmed('young')]);
    const { findings, notJudged } = missingRuns(evidence.calls.values(), () => false, 1_500);
    expect(findings.map(({ subject }) => subject)).toEqual(['order young']);
    expect(notJudged).toBe(1);
  });

  it('reports a run that no event explains', () => {
    const findings = strayRuns([run('order:1'), run('order:999001')], new Set(['order:1']));
    expect(findings).toMatchObject([
      { kind: 'run-without-event', subject: 'order 999001', runId: 'run of order:999001' },
    ]);
  });

  it('names a subject without touching its key', () => {
    const [finding] = strayRuns([run('payment-recovery:pay-17:b')], new Set());
    expect(finding?.subject).toBe('payment recovery pay-17:b');
  });

  it('finds exactly the difference of the two sets, both ways', () => {
    const ids = fc.uniqueArray(fc.integer({ min: 0, max: 30 }).map(String));
    fc.assert(
      fc.property(ids, ids, (called, ran) => {
        const evidence = new Evidence(range);
        called.forEach((id, index) => {
          evidence.note(head(index, 1_000 + index), [confirmed(id)]);
        });
        const running = new Set(ran.map((id) => `order:${id}`));
        const calls = evidence.calls.values();
        const missing = missingRuns(calls, (id) => running.has(id), 0).findings;
        const stray = strayRuns(
          [...running].map((id) => run(id)),
          evidence.explained,
        );
        const subjects = (ofThese: readonly { subject: string }[]) =>
          ofThese.map(({ subject }) => subject.replace('order ', '')).sort();
        expect(subjects(missing)).toEqual(called.filter((id) => !ran.includes(id)).sort());
        expect(subjects(stray)).toEqual(ran.filter((id) => !called.includes(id)).sort());
      }),
    );
  });
});

describe('what a report has room for', () => {
  const strays = strayRuns(
    Array.from({ length: 500 }, (_, index) => run(`order:${String(index)}`)),
    new Set(),
  );
  const others = strayRuns([run('order:a'), run('order:b')], new Set());

  it('many of one kind do not hide another', () => {
    expect(atMost(500, strays, others)).toEqual([...strays.slice(0, 498), ...others]);
    expect(atMost(2, strays, others)).toEqual([strays[0], others[0]]);
  });

  it.each([0, 1, 3, 502, 1_000])('is filled, and no more: %i', (limit) => {
    expect(atMost(limit, strays, [], others)).toHaveLength(Math.min(limit, 502));
  });
});

describe('books', () => {
  const judge = (said: Expectation, rows: readonly BookRow[]) => {
    const evidence = new Evidence(range);
    evidence.note(head(3, 1_500), [said]);
    return disagreements(evidence.statements(), rows);
  };

  it.each([
    ['the same digits', '249.90', row('1', '249.90')],
    ['trailing zeros', '249.9', row('1', '249.9000')],
    ['a whole amount', '250', row('1', '250.00')],
  ])('agree by %s', (_, amount, held) => {
    expect(judge(confirmed('1', amount), [held])).toEqual([]);
  });

  it.each([
    ['a cent too much', [row('1', '249.91')], '249.91 EUR', '0.01 EUR too much'],
    ['a cent too little', [row('1', '249.89')], '249.89 EUR', '0.01 EUR too little'],
    ['another currency', [row('1', '249.90', 'USD')], '249.90 USD', 'table orders says 249.90 USD'],
    ['no row', [], 'no row', 'table orders has no such row'],
  ])('disagree by %s', (_, rows, found, words) => {
    const [finding] = judge(confirmed('1'), rows);
    expect(finding).toMatchObject({
      kind: 'books-disagree',
      subject: 'order 1',
      expected: '249.90 EUR',
      found,
      record: { offset: '3' },
    });
    expect(finding?.explanation).toContain(words);
  });

  it('compare payments with the payments table, not with an order of the same key', () => {
    expect(judge(paid('1', '5.00'), [row('1', '5.00')])).toMatchObject([{ found: 'no row' }]);
    const held = { ...row('1', '5.00'), book: 'payments' } as const;
    expect(judge(paid('1', '5.00'), [held])).toEqual([]);
  });
});
