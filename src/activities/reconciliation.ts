/**
 * The activities of reconciliation: the log is read again, Temporal and the books are asked, and
 * `drift.ts` judges. Read last is what changes last, so that a first look errs towards candidates,
 * which the second look clears.
 */
import { cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';
import type {
  ChunkRequest,
  ChunkResult,
  ConfirmRequest,
  ConfirmResult,
  Finding,
  ReconciliationActivities,
  ReconciliationReport,
  Notice,
} from '../workflows/index.js';
import type { KafkaRecord } from '../bridges/matching/record.js';
import type { TopicPattern } from '../bridges/matching/topic-pattern.js';
import { atMost, disagreements, missingRuns, strayRuns } from './drift.js';
import { readEventLog } from './event-log.js';
import { Evidence, type EvidenceRange, rowName, type Statement } from './evidence.js';
import type { Interpret } from './expectation.js';
import { noticeOf } from './report.js';
import { Runs } from './runs.js';
import { rowsOf } from './shop-books.js';

export interface ReconciliationDeps {
  readonly kafka: Kafka;
  readonly pool: Pool;
  readonly client: Client;
  readonly namespace: string;
  /** The topics whose records are compared. */
  readonly topics: readonly TopicPattern[];
  /** What has to be done before records can be interpreted; `undefined` when nothing has. */
  readonly prepare: (records: readonly KafkaRecord[]) => Promise<void> | undefined;
  readonly interpret: Interpret;
  /** Prefix of the throw-away consumer groups. */
  readonly group: string;
  /** Who gets the report by mail. */
  readonly operators: string;
}

const minute = 60_000;
/** Events lie at most so far from their runs while everything keeps up. */
const leastMarginMs = 5 * minute;
/** After an outage runs start late: so far back is searched for the event of a run without one. */
const lookBackMs = 24 * 60 * minute;

/** The activities, ready to be registered. */
export function createReconciliation(deps: ReconciliationDeps): ReconciliationActivities {
  const runs = new Runs(deps.client, deps.namespace, beat);
  return {
    reconcileChunk: (request) => reconcileChunk(deps, runs, request),
    confirmFindings: (request) => confirmFindings(deps, runs, request),
    saveReport: (report) => saveReport(deps, report),
  };
}

async function reconcileChunk(
  deps: ReconciliationDeps,
  runs: Runs,
  request: ChunkRequest,
): Promise<ChunkResult> {
  const range = { fromMs: Date.parse(request.from), toMs: Date.parse(request.to) };
  const marginMs = Math.max(request.settleMs, leastMarginMs);
  const wider = { fromMs: range.fromMs - marginMs, toMs: range.toMs + marginMs };
  const evidence = new Evidence(range);
  await gather(deps, evidence, wider);
  const known = await runs.startedBetween(wider.fromMs, wider.toMs);
  const started = known.filter((run) => isWithin(run.startedMs, range));
  const statements = evidence.statements();
  const rows = await rowsOf(deps.pool, statements, beat);

  const listed = new Set(known.map(({ workflowId }) => workflowId));
  const unlisted = [...evidence.calls.keys()].filter((id) => !listed.has(id));
  const described = await runs.existing(unlisted);
  const retainedFromMs = Date.now() - (await runs.retentionMs());
  const exists = (id: string): boolean => listed.has(id) || described.has(id);
  const missing = missingRuns(evidence.calls.values(), exists, retainedFromMs);

  const strays = await runs.beginnings(strayRuns(started, evidence.explained));
  const longer = { fromMs: range.fromMs - lookBackMs, toMs: wider.toMs };
  const unexplained = await stillStray(deps, strays, longer);

  const books = disagreements(statements, rows);
  const candidates = atMost(request.limit, missing.findings, unexplained.findings, books);
  const found = missing.findings.length + unexplained.findings.length + books.length;
  return {
    totals: {
      records: evidence.records,
      events: evidence.events,
      expectedRuns: evidence.calls.size,
      runs: new Set(started.map(({ workflowId }) => workflowId)).size,
      orders: rows.filter(({ book }) => book === 'orders').length,
      payments: rows.filter(({ book }) => book === 'payments').length,
      notJudged: missing.notJudged + unexplained.notJudged,
    },
    candidates,
    truncated: found > candidates.length,
  };
}

async function confirmFindings(
  deps: ReconciliationDeps,
  runs: Runs,
  { candidates }: ConfirmRequest,
): Promise<ConfirmResult> {
  const missing = ofKind(candidates, 'event-without-run');
  const existing = await runs.existing(missing.map(({ workflowId }) => workflowId));

  const strays = await runs.beginnings(ofKind(candidates, 'run-without-event'));
  // To the end of the log: a record may bear a far older time than its neighbours.
  const around = { fromMs: earliest(strays) - lookBackMs, toMs: Infinity };
  const unexplained = await stillStray(deps, strays, around);

  const books = ofKind(candidates, 'books-disagree');
  const about = new Set(books.map(({ book, key }) => rowName(book, key)));
  const since = { fromMs: earliest(books), toMs: Infinity };
  const evidence = new Evidence(since, about);
  if (books.length > 0) await gather(deps, evidence, since);
  const statements = evidence.statements();
  const rows = await rowsOf(deps.pool, statements, beat);
  const told = new Set(statements.map(nameOf));
  const forgotten = books.filter(({ book, key }) => !told.has(rowName(book, key)));

  return {
    findings: [
      ...missing.filter(({ workflowId }) => !existing.has(workflowId)),
      ...unexplained.findings,
      ...disagreements(statements, rows),
    ],
    // Their events passed Kafka's retention between the two looks.
    notJudged: unexplained.notJudged + forgotten.length,
  };
}

/** Those of the stray runs that no event of `range` explains either. */
async function stillStray<F extends Finding & { kind: 'run-without-event' }>(
  deps: ReconciliationDeps,
  strays: readonly F[],
  range: EvidenceRange,
): Promise<{ findings: readonly F[]; notJudged: number }> {
  if (strays.length === 0) return { findings: [], notJudged: 0 };
  const evidence = new Evidence(range, new Set(strays.map(({ workflowId }) => workflowId)));
  const { cutOff } = await gather(deps, evidence, range);
  const left = strays.filter(({ workflowId }) => !evidence.explained.has(workflowId));
  // Where Kafka has forgotten part of the range, the event may have been there.
  return cutOff ? { findings: [], notJudged: left.length } : { findings: left, notJudged: 0 };
}

function gather(deps: ReconciliationDeps, evidence: Evidence, range: EvidenceRange) {
  return readEventLog(deps.kafka, {
    ...range,
    topics: deps.topics,
    slackMs: leastMarginMs,
    groupPrefix: deps.group,
    take: async (records) => {
      await deps.prepare(records);
      for (const record of records) evidence.note(record, deps.interpret(record));
    },
    heartbeat,
    signal: cancellationSignal(),
  });
}

async function saveReport(
  { pool, operators }: ReconciliationDeps,
  report: ReconciliationReport,
): Promise<Notice> {
  const { id, from, to, totals, findings, truncated } = report;
  await pool.query(
    `insert into headrace.reconciliation_reports
       (id, range_from, range_to, created_at, totals, findings)
     values ($1, $2, $3, now(), $4, $5)
     on conflict (id) do nothing`,
    [id, from, to, JSON.stringify({ ...totals, truncated }), JSON.stringify(findings)],
  );
  return noticeOf(report, operators);
}

/** A sign of life; the moment to learn of a cancellation. @throws CancelledFailure. */
function beat(): void {
  heartbeat();
  cancellationSignal().throwIfAborted();
}

function ofKind<K extends Finding['kind']>(findings: readonly Finding[], kind: K) {
  return findings.filter((each): each is Extract<Finding, { kind: K }> => each.kind === kind);
}

function earliest(findings: readonly Finding[]): number {
  return Math.min(...findings.map(({ at }) => Date.parse(at)));
}

function nameOf({ book, key }: Statement): string {
  return rowName(book, key);
}

function isWithin(ms: number, { fromMs, toMs }: EvidenceRange): boolean {
  return ms >= fromMs && ms < toMs;
}
