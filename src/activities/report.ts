/** A reconciliation's report as a mail and as a terminal's tables. Pure. */
import Table from 'cli-table3';
import {
  type Finding,
  findingKinds,
  type ReconciliationReport,
  type Notice,
  type Totals,
} from '../workflows/index.js';

const titles: Readonly<Record<Finding['kind'], string>> = {
  'event-without-run': 'Events without a run',
  'run-without-event': 'Runs without an event',
  'books-disagree': 'Books that disagree with the events',
};

const labels: Readonly<Record<keyof Totals, string>> = {
  records: 'records read',
  events: 'events acted on',
  expectedRuns: 'runs expected',
  runs: 'runs started',
  orders: 'orders compared',
  payments: 'payments compared',
  notJudged: 'not judged (past retention)',
};

/** Rows without a line between them. */
const unruled = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };

/** Told of a report that does not hold all that differed at first. */
const notAll =
  'Not all was looked at: more differed at first than a report holds. Reconcile shorter ranges.';

/** Mails are for reading: what is beyond this many findings of a kind is in the stored report. */
const mailedPerKind = 50;

/** The mail about a report. */
export function noticeOf(report: ReconciliationReport, operators: string): Notice {
  return {
    key: `reconciliation:${report.id}`,
    to: operators,
    subject: `Reconciliation: ${verdictOf(report)}, ${spanOf(report)}`,
    text: mailText(report),
  };
}

/** The report as plain text of at most 100 columns of our own words. */
export function mailText(report: ReconciliationReport): string {
  const { id, totals, truncated } = report;
  return [
    `Events, runs and books from ${report.from}`,
    `                         to ${report.to}: ${verdictOf(report)}.`,
    '',
    ...totalLines(totals),
    ...findingKinds.flatMap((kind) => section(report, kind)),
    ...(truncated ? ['', notAll] : []),
    '',
    `Report ${id} in headrace.reconciliation_reports.`,
    '',
  ].join('\n');
}

/** True when everything was looked at, and agrees. */
export function agrees({ findings, truncated }: ReconciliationReport): boolean {
  return findings.length === 0 && !truncated;
}

/** The report as tables for a terminal; `colors` off for pipes and tests. */
export function reportTables(report: ReconciliationReport, colors: boolean): string {
  const style = colors ? {} : { head: [], border: [] };
  const totals = new Table({ style, chars: unruled });
  for (const [name, label] of entries(labels)) totals.push([label, report.totals[name]]);
  const parts = [`${spanOf(report)}: ${verdictOf(report)}`, totals.toString()];
  if (report.findings.length > 0) {
    const head = ['kind', 'subject', 'expected', 'found', 'record or run'];
    const findings = new Table({ head, style, wordWrap: true });
    for (const kind of findingKinds) {
      for (const finding of report.findings.filter((each) => each.kind === kind)) {
        const { subject, expected, found } = finding;
        findings.push([kind, subject, expected, found, whereOf(finding)]);
      }
    }
    parts.push(findings.toString());
  }
  if (report.truncated) parts.push(notAll);
  return parts.join('\n');
}

/** The report in few lines, for a live view. */
export function reportLines(report: ReconciliationReport): string[] {
  const { findings } = report;
  return [
    `reconciled ${spanOf(report)}: ${verdictOf(report)}`,
    ...findings.map(
      (each) => `  ${each.kind}: ${each.subject}, expected ${each.expected}, found ${each.found}`,
    ),
  ];
}

function section({ findings }: ReconciliationReport, kind: Finding['kind']): string[] {
  const some = findings.filter((each) => each.kind === kind);
  if (some.length === 0) return [];
  const title = `${titles[kind]} (${String(some.length)})`;
  const rest = some.length - mailedPerKind;
  return [
    '',
    title,
    '-'.repeat(title.length),
    ...some
      .slice(0, mailedPerKind)
      .flatMap(({ subject, expected, found, explanation }) => [
        `* ${subject}: expected ${expected}, found ${found}`,
        `  ${explanation}`,
      ]),
    ...(rest > 0 ? [`… and ${String(rest)} more, in the stored report.`] : []),
  ];
}

function totalLines(totals: Totals): string[] {
  return entries(labels).map(([name, label]) => `${String(totals[name]).padStart(12)}  ${label}`);
}

function verdictOf({ findings, truncated }: ReconciliationReport): string {
  if (findings.length === 0) return truncated ? 'incomplete' : 'everything agrees';
  const count = `${String(findings.length)} ${findings.length === 1 ? 'difference' : 'differences'}`;
  return truncated ? `incomplete, at least ${count}` : count;
}

function spanOf({ from, to }: ReconciliationReport): string {
  return `${from} to ${to}`;
}

function whereOf(finding: Finding): string {
  if (finding.kind === 'run-without-event') return `${finding.workflowId} (${finding.runId})`;
  const { topic, partition, offset } = finding.record;
  return `${topic}/${String(partition)}/${offset}`;
}

function entries<K extends string, V>(of: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(of) as [K, V][];
}
