/**
 * `reconcile`: reads a range's events again and compares them with the runs and the books, chunk by
 * chunk; looks a second time at whatever does not agree; reports.
 *
 * R1 The range ends in the past, and no chunk is read before `settleMs` has passed since its end.
 * R2 A finding is reported only if it still holds `settleMs` after it was first seen, so what was
 *    merely on its way is not drift.
 * R3 History is bounded: candidates by `candidateLimit`, chunks by continue-as-new.
 */
import {
  ApplicationFailure,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { yesterday } from './day.js';
import type { Notice } from './notice-queue.js';
import {
  type Finding,
  noTotals,
  type ReconciliationActivities,
  type ReconciliationProgress,
  type ReconciliationReport,
  reconciliationQuery,
  type Totals,
} from './reconciliation.js';

export interface ReconcileInput {
  /** ISO. Both ends or none; none: yesterday in `zone`. */
  readonly from?: string;
  /** ISO, not included. */
  readonly to?: string;
  /** IANA name; default `Etc/UTC`. */
  readonly zone?: string;
  /** Length of what one activity call reads; default and most: an hour. */
  readonly chunkMs?: number;
  /** How long an event may need to become a run; default one minute. */
  readonly settleMs?: number;
  /** Whether the operators get the report by mail; default yes. */
  readonly mail?: boolean;
  /** From the run before this one. */
  readonly carried?: Carried;
}

/** What continue-as-new must carry. */
interface Carried {
  readonly id: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly comparedToMs: number;
  readonly totals: Totals;
  readonly candidates: readonly Finding[];
  readonly truncated: boolean;
}

const hour = 3_600_000;
const scheduledTime = defineSearchAttributeKey(
  'TemporalScheduledStartTime',
  SearchAttributeType.DATETIME,
);
/** At some 600 bytes each they stay below the size at which Temporal warns of a payload. */
const candidateLimit = 500;
const chunksPerRun = 100;

const comparing = {
  // The log of a busy hour takes minutes; a reader that makes no progress is noticed far sooner.
  startToCloseTimeout: '1 hour',
  scheduleToCloseTimeout: '6 hours',
  heartbeatTimeout: '45 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
} as const;

const { reconcileChunk } = proxyActivities<ReconciliationActivities>({
  ...comparing,
  summary: 'Compare one chunk: events, runs, books',
});

const { confirmFindings } = proxyActivities<ReconciliationActivities>({
  ...comparing,
  summary: 'Second look at what did not agree',
});

const { saveReport } = proxyActivities<ReconciliationActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '6 hours',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  summary: 'Write the report',
});

const { sendNotice } = proxyActivities<{ sendNotice(notice: Notice): Promise<unknown> }>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '6 hours',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '5 minutes' },
  summary: 'Mail the report to the operators',
});

/**
 * Reconciles a range of time; see `ReconcileInput`.
 * @throws ApplicationFailure `InvalidRange`, not retryable, when the input is not a range.
 */
export async function reconcile(input: ReconcileInput = {}): Promise<ReconciliationReport> {
  const { settleMs = 60_000, mail = true } = input;
  const chunkMs = Math.max(1_000, Math.min(input.chunkMs ?? hour, hour));
  let state = input.carried ?? opening(input);
  let stage: ReconciliationProgress['stage'] = 'settling';
  setHandler(reconciliationQuery, () => progress(stage, state), {
    description: 'How far the comparison is.',
  });
  const enter = (next: typeof stage): void => {
    stage = next;
    setCurrentDetails(inWords(progress(stage, state)));
  };
  enter('settling');
  const settledIn = state.toMs + settleMs - Date.now();
  if (settledIn > 0) await sleep(settledIn, { summary: 'Let the last events become runs' });
  for (let chunks = 0; state.comparedToMs < state.toMs; chunks += 1) {
    if (chunks === chunksPerRun)
      await continueAsNew<typeof reconcile>({ ...input, carried: state });
    enter('comparing');
    state = await compareNext(state, chunkMs, settleMs);
  }
  let findings = state.candidates;
  if (findings.length > 0) {
    enter('second look');
    await sleep(settleMs, { summary: 'Let what is on its way arrive' });
    const second = await confirmFindings({ candidates: findings });
    ({ findings } = second);
    const notJudged = state.totals.notJudged + second.notJudged;
    state = { ...state, totals: { ...state.totals, notJudged }, candidates: findings };
  }
  enter('reporting');
  const { id, totals, truncated } = state;
  const report = { id, ...rangeOf(state), totals, findings, truncated };
  const notice = await saveReport(report);
  if (mail) await sendNotice(notice);
  enter('done');
  return report;
}

async function compareNext(state: Carried, chunkMs: number, settleMs: number): Promise<Carried> {
  const nextMs = Math.min(state.comparedToMs + chunkMs, state.toMs);
  const { totals, candidates, truncated } = await reconcileChunk({
    from: iso(state.comparedToMs),
    to: iso(nextMs),
    settleMs,
    limit: candidateLimit - state.candidates.length,
  });
  return {
    ...state,
    comparedToMs: nextMs,
    totals: sum(state.totals, totals),
    candidates: [...state.candidates, ...candidates],
    truncated: state.truncated || truncated,
  };
}

function opening(input: ReconcileInput): Carried {
  const { fromMs, toMs } = requestedRange(input);
  return {
    id: workflowInfo().firstExecutionRunId,
    fromMs,
    toMs,
    comparedToMs: fromMs,
    totals: noTotals,
    candidates: [],
    truncated: false,
  };
}

function requestedRange({ from, to, zone = 'Etc/UTC' }: ReconcileInput) {
  const { startTime, typedSearchAttributes } = workflowInfo();
  if (from === undefined && to === undefined) {
    // The nominal time: a schedule that catches up still means the night it missed.
    const nominal = typedSearchAttributes.get(scheduledTime) ?? startTime;
    return yesterday(zone, nominal.getTime());
  }
  const fromMs = Date.parse(from ?? '');
  // R1: what has not happened cannot be compared.
  const toMs = Math.min(Date.parse(to ?? ''), startTime.getTime());
  if (fromMs < toMs) return { fromMs, toMs };
  const given = `from ${JSON.stringify(from)} to ${JSON.stringify(to)}`;
  throw ApplicationFailure.nonRetryable(
    `reconcile: ${given} is not a range: give two ISO times, the first earlier and in the past`,
    'InvalidRange',
  );
}

function sum(a: Totals, b: Totals): Totals {
  return {
    records: a.records + b.records,
    events: a.events + b.events,
    expectedRuns: a.expectedRuns + b.expectedRuns,
    runs: a.runs + b.runs,
    orders: a.orders + b.orders,
    payments: a.payments + b.payments,
    notJudged: a.notJudged + b.notJudged,
  };
}

function progress(stage: ReconciliationProgress['stage'], state: Carried): ReconciliationProgress {
  const { comparedToMs, totals, truncated } = state;
  const comparedTo = iso(comparedToMs);
  const candidates = state.candidates.length;
  return { stage, ...rangeOf(state), comparedTo, totals, candidates, truncated };
}

function inWords(progress: ReconciliationProgress) {
  const { stage, from, to, comparedTo, totals, candidates, truncated } = progress;
  const rest = truncated === true ? ', and more that there is no room for' : '';
  return [
    `**${stage}**: ${from} to ${to}, compared up to ${comparedTo}`,
    `${totals.records} records, ${totals.events} events, ${totals.runs} runs`,
    `${candidates} ${stage === 'done' ? 'findings' : 'candidates'}${rest}`,
  ].join('\n\n');
}

function rangeOf({ fromMs, toMs }: Carried): { from: string; to: string } {
  return { from: iso(fromMs), to: iso(toMs) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
