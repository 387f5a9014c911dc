/**
 * Reconciliation as a contract: what is asked of its activities, what they answer, and what the
 * report says. JSON only, because it is persisted in histories: times are ISO strings, UTC.
 */
import { defineQuery } from '@temporalio/workflow';
import type { Notice } from './notice-queue.js';

/** What was looked at. Sums over the chunks of a range. */
export interface Totals {
  /** Records with a timestamp in the range. */
  readonly records: number;
  /** Of these, the records that made at least one route act. */
  readonly events: number;
  /** Workflow ids that these events ask a run for; an id counts once per chunk. */
  readonly expectedRuns: number;
  /** Workflow ids of which a run started in the range. */
  readonly runs: number;
  /** Rows of the books that were compared with what events say of them. */
  readonly orders: number;
  readonly payments: number;
  /** Differences of which nothing can be said: the proof has passed its retention. */
  readonly notJudged: number;
}

export const noTotals: Totals = {
  records: 0,
  events: 0,
  expectedRuns: 0,
  runs: 0,
  orders: 0,
  payments: 0,
  notJudged: 0,
};

/** Where a record lies in Kafka. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

interface Difference {
  /** In plain words: `order 1001`. */
  readonly subject: string;
  /** When the event was recorded, or the run started. ISO. */
  readonly at: string;
  readonly expected: string;
  readonly found: string;
  /** One sentence for the operator. */
  readonly explanation: string;
}

export interface EventWithoutRun extends Difference {
  readonly kind: 'event-without-run';
  readonly workflowId: string;
  readonly record: RecordPlace;
}

export interface RunWithoutEvent extends Difference {
  readonly kind: 'run-without-event';
  readonly workflowId: string;
  readonly runId: string;
}

/** The two tables of the shop that hold money. */
export type Book = 'orders' | 'payments';

export interface BooksDisagree extends Difference {
  readonly kind: 'books-disagree';
  readonly book: Book;
  /** The row's business key. */
  readonly key: string;
  /** The event that the row contradicts. */
  readonly record: RecordPlace;
}

export type Finding = EventWithoutRun | RunWithoutEvent | BooksDisagree;

/** Every kind of finding, in the order of reports. */
export const findingKinds = ['event-without-run', 'run-without-event', 'books-disagree'] as const;

export interface ReconciliationReport {
  /** Names this report for ever; equal for every attempt to write it. */
  readonly id: string;
  readonly from: string;
  /** Not included in the range. */
  readonly to: string;
  readonly totals: Totals;
  readonly findings: readonly Finding[];
  /** More differed at first than was looked at twice: without findings it is no agreement. */
  readonly truncated: boolean;
}

export interface ChunkRequest {
  readonly from: string;
  readonly to: string;
  /** How long an event may need to become a run, in ms. */
  readonly settleMs: number;
  /** At most so many candidates come back: results live in the workflow's history. */
  readonly limit: number;
}

export interface ChunkResult {
  readonly totals: Totals;
  readonly candidates: readonly Finding[];
  readonly truncated: boolean;
}

export interface ConfirmRequest {
  readonly candidates: readonly Finding[];
}

export interface ConfirmResult {
  readonly findings: readonly Finding[];
  readonly notJudged: number;
}

/** The activities of reconciliation. */
export interface ReconciliationActivities {
  /** A first look at one chunk: what does not agree may still be on its way. */
  reconcileChunk(request: ChunkRequest): Promise<ChunkResult>;
  /** A second look at each candidate: those that still hold. */
  confirmFindings(request: ConfirmRequest): Promise<ConfirmResult>;
  /** Writes the report, once however often it is called; answers with the mail about it. */
  saveReport(report: ReconciliationReport): Promise<Notice>;
}

/** How far a reconciliation is. */
export interface ReconciliationProgress {
  readonly stage: 'settling' | 'comparing' | 'second look' | 'reporting' | 'done';
  readonly from: string;
  readonly to: string;
  /** Everything before this has been compared. */
  readonly comparedTo: string;
  readonly totals: Totals;
  readonly candidates: number;
  /** More differs than there is room for; absent in runs of older code. */
  readonly truncated?: boolean;
}

export const reconciliationQuery = defineQuery<ReconciliationProgress>('headrace.reconciliation');

/** The id of a reconciliation on demand: one per range, so that asking twice joins. */
export function reconciliationId(from: string, to: string): string {
  return `reconcile:${from}/${to}`;
}

/** The id under which the schedule starts its reconciliations; Temporal appends the time. */
export const nightlyReconciliationId = 'reconcile:nightly';
