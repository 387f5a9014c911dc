/**
 * Drift: where events, runs and books do not agree. Pure: what was read goes in, findings come out.
 */
import type {
  Book,
  BooksDisagree,
  EventWithoutRun,
  Finding,
  RecordPlace,
  RunWithoutEvent,
} from '../workflows/index.js';
import type { Call, Statement } from './evidence.js';
import { sameAmount, subtract } from './money.js';

/** A run, as Temporal lists it. */
export interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly workflow: string;
  readonly startedMs: number;
}

/** A row of the books, reduced to what is compared. */
export interface BookRow {
  readonly book: Book;
  readonly key: string;
  /** Decimal text. */
  readonly amount: string;
  readonly currency: string;
}

export interface MissingRuns {
  readonly findings: readonly EventWithoutRun[];
  /** Missing too, but so old that their runs may have been removed rightly. */
  readonly notJudged: number;
}

/**
 * The calls of which no run exists under their workflow id. A call from before `retainedFromMs` is
 * not judged: its run may have come, gone, and been removed.
 */
export function missingRuns(
  calls: Iterable<Call>,
  exists: (workflowId: string) => boolean,
  retainedFromMs: number,
): MissingRuns {
  const missing = [...calls].filter(({ workflowId }) => !exists(workflowId));
  const judged = missing.filter(({ atMs }) => atMs >= retainedFromMs);
  return { findings: judged.map(eventWithoutRun), notJudged: missing.length - judged.length };
}

/** The runs that no event explains. */
export function strayRuns(
  runs: Iterable<Run>,
  explained: ReadonlySet<string>,
): readonly RunWithoutEvent[] {
  return [...runs].filter(({ workflowId }) => !explained.has(workflowId)).map(runWithoutEvent);
}

/** The statements that the books do not bear out: no such row, another amount, another currency. */
export function disagreements(
  statements: Iterable<Statement>,
  rows: readonly BookRow[],
): readonly BooksDisagree[] {
  const held = new Map(rows.map((row) => [`${row.book}/${row.key}`, row]));
  return [...statements].flatMap((statement) => {
    const row = held.get(`${statement.book}/${statement.key}`);
    return agrees(statement, row) ? [] : [booksDisagree(statement, row)];
  });
}

/** At most `limit` of the findings, with room for each kind: many of one do not hide another. */
export function atMost(limit: number, ...kinds: readonly (readonly Finding[])[]): Finding[] {
  const smallestFirst = [...kinds].sort((a, b) => a.length - b.length);
  const chosen = new Set<Finding>();
  smallestFirst.forEach((kind, index) => {
    const share = Math.floor((limit - chosen.size) / (smallestFirst.length - index));
    for (const finding of kind.slice(0, share)) chosen.add(finding);
  });
  return kinds.flat().filter((finding) => chosen.has(finding));
}

function agrees(statement: Statement, row: BookRow | undefined): boolean {
  if (row === undefined) return false;
  return row.currency === statement.currency && sameAmount(row.amount, statement.amount);
}

function eventWithoutRun({ workflowId, route, eventType, record, atMs }: Call): EventWithoutRun {
  return {
    kind: 'event-without-run',
    subject: subjectOf(workflowId),
    workflowId,
    record,
    at: iso(atMs),
    expected: `a run ${workflowId}`,
    found: 'no run',
    explanation:
      `Event ${eventType} (record ${placeInWords(record)}) should have started or met run ` +
      `${workflowId} by route ${route}, but Temporal knows no run of that id.`,
  };
}

function runWithoutEvent({ workflowId, runId, workflow, startedMs }: Run): RunWithoutEvent {
  const at = iso(startedMs);
  return {
    kind: 'run-without-event',
    subject: subjectOf(workflowId),
    workflowId,
    runId,
    at,
    expected: 'an event that starts it',
    found: 'no event',
    explanation: `Run ${workflowId} of ${workflow} started at ${at}, but no event in Kafka asked for it.`,
  };
}

function booksDisagree(statement: Statement, row: BookRow | undefined): BooksDisagree {
  const { book, key, amount, currency, eventType, record, atMs } = statement;
  const subject = `${book === 'orders' ? 'order' : 'payment'} ${key}`;
  const expected = `${amount} ${currency}`;
  const found = row === undefined ? 'no row' : `${row.amount} ${row.currency}`;
  const said = `The last event about ${subject} (${eventType}, record ${placeInWords(record)}) says ${expected}`;
  return {
    kind: 'books-disagree',
    subject,
    book,
    key,
    record,
    at: iso(atMs),
    expected,
    found,
    explanation:
      row === undefined
        ? `${said}, but table ${book} has no such row.`
        : `${said}, but table ${book} says ${found}${offBy(statement, row)}.`,
  };
}

function offBy(statement: Statement, row: BookRow): string {
  const difference = subtract(row.amount, statement.amount);
  if (row.currency !== statement.currency || difference === undefined) return '';
  const amount = difference.replace(/^-/, '');
  return `: ${amount} ${row.currency} too ${difference.startsWith('-') ? 'little' : 'much'}`;
}

/** `order:1001` reads as `order 1001`, `payment-recovery:p-1` as `payment recovery p-1`. */
function subjectOf(workflowId: string): string {
  const [kind = '', ...key] = workflowId.split(':');
  return [kind.replaceAll('-', ' '), key.join(':')].join(' ').trim();
}

function placeInWords({ topic, partition, offset }: RecordPlace): string {
  return `${topic}/${partition}/${offset}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
