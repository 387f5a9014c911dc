import { describe, expect, it } from 'vitest';
import { agrees, mailText, noticeOf, reportTables } from '../../src/activities/report.js';
import type { Finding, ReconciliationReport } from '../../src/workflows/index.js';

const missing: Finding = {
  kind: 'event-without-run',
  subject: 'order 1001',
  workflowId: 'order:1001',
  record: { topic: 'shop.public.orders', partition: 2, offset: '41' },
  at: '2026-03-28T10:00:00.000Z',
  expected: 'a run order:1001',
  found: 'no run',
  explanation: 'Temporal knows no run of that id.',
};

const altered: Finding = {
  kind: 'books-disagree',
  subject: 'order 1002',
  book: 'orders',
  key: '1002',
  record: { topic: 'shop.public.orders', partition: 0, offset: '7' },
  at: '2026-03-28T11:00:00.000Z',
  expected: '249.90 EUR',
  found: '249.91 EUR',
  explanation: 'Table orders says 249.91 EUR: 0.01 EUR too much.',
};

const agreeing: ReconciliationReport = {
  id: '5d7f',
  from: '2026-03-28T00:00:00.000Z',
  to: '2026-03-29T00:00:00.000Z',
  totals: {
    records: 120,
    events: 80,
    expectedRuns: 30,
    runs: 30,
    orders: 25,
    payments: 40,
    notJudged: 0,
  },
  findings: [],
  truncated: false,
};

const differing = { ...agreeing, findings: [altered, missing] };

describe('report', () => {
  it('says in a mail that everything agrees', () => {
    expect(mailText(agreeing)).toMatchInlineSnapshot(`
      "Events, runs and books from 2026-03-28T00:00:00.000Z
                               to 2026-03-29T00:00:00.000Z: everything agrees.

               120  records read
                80  events acted on
                30  runs expected
                30  runs started
                25  orders compared
                40  payments compared
                 0  not judged (past retention)

      Report 5d7f in headrace.reconciliation_reports.
      "
    `);
  });

  it('lists in a mail what does not, by kind', () => {
    expect(mailText(differing)).toMatchInlineSnapshot(`
      "Events, runs and books from 2026-03-28T00:00:00.000Z
                               to 2026-03-29T00:00:00.000Z: 2 differences.

               120  records read
                80  events acted on
                30  runs expected
                30  runs started
                25  orders compared
                40  payments compared
                 0  not judged (past retention)

      Events without a run (1)
      ------------------------
      * order 1001: expected a run order:1001, found no run
        Temporal knows no run of that id.

      Books that disagree with the events (1)
      ---------------------------------------
      * order 1002: expected 249.90 EUR, found 249.91 EUR
        Table orders says 249.91 EUR: 0.01 EUR too much.

      Report 5d7f in headrace.reconciliation_reports.
      "
    `);
  });

  it('has a subject that tells the outcome, and a key that is the report', () => {
    expect(noticeOf(differing, 'operators@headrace.test')).toMatchObject({
      key: 'reconciliation:5d7f',
      to: 'operators@headrace.test',
      subject:
        'Reconciliation: 2 differences, 2026-03-28T00:00:00.000Z to 2026-03-29T00:00:00.000Z',
    });
  });

  it('says how many findings a mail leaves out', () => {
    const findings = Array.from({ length: 53 }, () => missing);
    const text = mailText({ ...agreeing, findings, truncated: true });
    expect(text).toContain('incomplete, at least 53 differences');
    expect(text).toContain('… and 3 more, in the stored report.');
    expect(text).toContain('more differed at first than a report holds');
  });

  it('what was cut off is never agreement', () => {
    const cutOff = { ...agreeing, truncated: true };
    expect([agreeing, cutOff, differing].map(agrees)).toEqual([true, false, false]);
    expect(noticeOf(cutOff, 'operators@headrace.test').subject).toContain(': incomplete, ');
    for (const text of [mailText(cutOff), reportTables(cutOff, false)]) {
      expect(text).not.toContain('everything agrees');
      expect(text).toContain('incomplete');
      expect(text).toContain('Reconcile shorter ranges.');
    }
  });

  it('draws tables', () => {
    expect(reportTables(differing, false)).toMatchInlineSnapshot(`
      "2026-03-28T00:00:00.000Z to 2026-03-29T00:00:00.000Z: 2 differences
      ┌─────────────────────────────┬─────┐
      │ records read                │ 120 │
      │ events acted on             │ 80  │
      │ runs expected               │ 30  │
      │ runs started                │ 30  │
      │ orders compared             │ 25  │
      │ payments compared           │ 40  │
      │ not judged (past retention) │ 0   │
      └─────────────────────────────┴─────┘
      ┌───────────────────┬────────────┬──────────────────┬────────────┬─────────────────────────┐
      │ kind              │ subject    │ expected         │ found      │ record or run           │
      ├───────────────────┼────────────┼──────────────────┼────────────┼─────────────────────────┤
      │ event-without-run │ order 1001 │ a run order:1001 │ no run     │ shop.public.orders/2/41 │
      ├───────────────────┼────────────┼──────────────────┼────────────┼─────────────────────────┤
      │ books-disagree    │ order 1002 │ 249.90 EUR       │ 249.91 EUR │ shop.public.orders/0/7  │
      └───────────────────┴────────────┴──────────────────┴────────────┴─────────────────────────┘"
    `);
  });
});
