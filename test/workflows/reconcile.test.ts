/** The reconciliation workflow with fake activities: chunks, second look, limits, continuation. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.js';
import { foldersOf } from '../../src/stack/folders.js';
import { temporalCommand } from '../../src/stack/temporal.js';
import {
  type ChunkRequest,
  type ChunkResult,
  type ConfirmRequest,
  type Finding,
  reconcile,
  type ReconcileInput,
  type ReconciliationActivities,
  reconciliationQuery,
  type ReconciliationReport,
  type Notice,
} from '../../src/workflows/index.js';
import { installRuntime } from '../../src/sdk-runtime.js';

const one = {
  records: 10,
  events: 5,
  expectedRuns: 4,
  runs: 4,
  orders: 3,
  payments: 1,
  notJudged: 0,
};

function aFinding(id: string): Finding {
  return {
    kind: 'event-without-run',
    subject: `order ${id}`,
    workflowId: `order:${id}`,
    record: { topic: 'shop.events', partition: 0, offset: id },
    at: '2026-03-01T00:00:00.000Z',
    expected: 'a run',
    found: 'no run',
    explanation: 'There is no run.',
  };
}

/** Activities that remember what they were asked. */
class Fakes {
  readonly chunks: ChunkRequest[] = [];
  readonly confirmed: ConfirmRequest[] = [];
  readonly saved: ReconciliationReport[] = [];
  readonly sent: Notice[] = [];
  chunk: (request: ChunkRequest) => Partial<ChunkResult> = () => ({});
  holds: (finding: Finding) => boolean = () => true;

  get activities(): ReconciliationActivities & {
    sendNotice: (notice: Notice) => Promise<void>;
  } {
    return {
      reconcileChunk: (request) => {
        this.chunks.push(request);
        const nothing = { totals: one, candidates: [], truncated: false };
        return Promise.resolve({ ...nothing, ...this.chunk(request) });
      },
      confirmFindings: (request) => {
        this.confirmed.push(request);
        const findings = request.candidates.filter(this.holds);
        return Promise.resolve({ findings, notJudged: 1 });
      },
      saveReport: (report) => {
        this.saved.push(report);
        return Promise.resolve({ key: report.id, to: 'operators', subject: 'done', text: '' });
      },
      sendNotice: (notice) => {
        this.sent.push(notice);
        return Promise.resolve();
      },
    };
  }
}

describe('reconcile', () => {
  let environment: TestWorkflowEnvironment;
  let workflowBundle: WorkflowBundleWithSourceMap;

  beforeAll(async () => {
    installRuntime(pino({ level: 'silent' }));
    // In real time: nothing here waits longer than a second.
    const path = await temporalCommand(foldersOf(readConfig(process.env)).cache);
    environment = await TestWorkflowEnvironment.createLocal({
      server: { executable: { type: 'existing-path', path } },
    });
    const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));
    workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  });

  afterAll(() => environment.teardown());

  async function run(fakes: Fakes, input: ReconcileInput) {
    const taskQueue = randomUUID();
    const { nativeConnection: connection, client } = environment;
    const { activities } = fakes;
    const worker = await Worker.create({ connection, taskQueue, workflowBundle, activities });
    return worker.runUntil(async () => {
      const workflowId = `reconcile:${taskQueue}`;
      const handle = await client.workflow.start(reconcile, {
        workflowId,
        taskQueue,
        args: [input],
      });
      const report = await handle.result();
      const progress = await handle.query(reconciliationQuery);
      return { report, progress, firstRunId: handle.firstExecutionRunId };
    });
  }

  const range = { from: '2026-03-01T00:00:00.000Z', to: '2026-03-01T03:30:00.000Z' };

  it('compares the range hour by hour, adds up, saves and mails', async () => {
    const fakes = new Fakes();
    const { report, progress, firstRunId } = await run(fakes, range);
    expect(fakes.chunks.map(({ from, to }) => `${from.slice(11, 16)}-${to.slice(11, 16)}`)).toEqual(
      ['00:00-01:00', '01:00-02:00', '02:00-03:00', '03:00-03:30'],
    );
    expect(report).toEqual({
      id: firstRunId,
      ...range,
      totals: {
        ...one,
        records: 40,
        events: 20,
        expectedRuns: 16,
        runs: 16,
        orders: 12,
        payments: 4,
      },
      findings: [],
      truncated: false,
    });
    expect(fakes.confirmed).toEqual([]);
    expect(fakes.saved).toEqual([report]);
    expect(fakes.sent).toHaveLength(1);
    expect(progress).toMatchObject({ stage: 'done', comparedTo: range.to, candidates: 0 });
  });

  it('looks twice, and reports only what still holds', async () => {
    const fakes = new Fakes();
    fakes.chunk = ({ from }) => ({ candidates: [aFinding(from.slice(11, 13))] });
    fakes.holds = ({ subject }) => subject === 'order 02';
    const { report } = await run(fakes, { ...range, settleMs: 50, mail: false });
    expect(fakes.confirmed.map(({ candidates }) => candidates.length)).toEqual([4]);
    expect(report.findings).toEqual([aFinding('02')]);
    expect(report.totals.notJudged).toBe(1);
    expect(fakes.sent).toEqual([]);
  });

  it('asks each chunk only for what the report can still hold, and says when there is more', async () => {
    const fakes = new Fakes();
    fakes.chunk = ({ limit }) => {
      const candidates = Array.from({ length: Math.min(limit, 300) }, (_, i) =>
        aFinding(String(i)),
      );
      return { candidates, truncated: limit < 300 };
    };
    const { report } = await run(fakes, { ...range, settleMs: 50 });
    expect(fakes.chunks.map(({ limit }) => limit)).toEqual([500, 200, 0, 0]);
    expect(report.findings).toHaveLength(500);
    expect(report.truncated).toBe(true);
  });

  it('continues as new and stays one report', async () => {
    const fakes = new Fakes();
    fakes.chunk = ({ from }) => (from === range.from ? { candidates: [aFinding('1')] } : {});
    const to = '2026-03-01T00:01:45.000Z';
    const { report, firstRunId } = await run(fakes, { ...range, to, chunkMs: 1_000, settleMs: 50 });
    expect(fakes.chunks).toHaveLength(105);
    expect(report).toMatchObject({
      id: firstRunId,
      from: range.from,
      to,
      findings: [aFinding('1')],
    });
    expect(report.totals.records).toBe(1_050);
  });

  it('means yesterday in its zone when no range is given', async () => {
    const { report } = await run(new Fakes(), { zone: 'Pacific/Kiritimati' });
    // Fourteen hours ahead of UTC, without clock changes.
    expect(report.from.slice(11)).toBe('10:00:00.000Z');
    expect(Date.parse(report.to) - Date.parse(report.from)).toBe(86_400_000);
  });

  it('ends the range at its own start, and waits until its events have settled', async () => {
    const to = new Date(Date.now() + 3_600_000).toISOString();
    const from = new Date(Date.now() - 60_000).toISOString();
    const { report } = await run(new Fakes(), { from, to, settleMs: 1_000 });
    expect(report.to < to).toBe(true);
  });

  it.each([
    ['backwards', { from: range.to, to: range.from }],
    ['half given', { from: range.from }],
    ['no times', { from: 'yesterday', to: 'today' }],
    ['in the future', { from: '2999-01-01T00:00:00Z', to: '2999-01-02T00:00:00Z' }],
  ])('refuses a range that is %s', async (_, input) => {
    const failure: unknown = await run(new Fakes(), input).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkflowFailedError);
    const { cause } = failure as WorkflowFailedError;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({ type: 'InvalidRange' });
  });
});
