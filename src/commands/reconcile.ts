/** `headrace reconcile`: compares events, runs and books over a range, now. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { Command } from 'commander';
import { agrees, reportLines, reportTables } from '../activities/report.js';
import { type Config, readConfig } from '../config.js';
import { connectTemporal } from '../temporal-connection.js';
import {
  reconcile,
  reconciliationId,
  type ReconciliationProgress,
  reconciliationQuery,
  type ReconciliationReport,
} from '../workflows/index.js';
import { addressesInUse } from './connection.js';
import { parseInstant, parseLength, rangeOf, type TimeRange } from './range.js';

const pollMs = 1_000;
/** Without an answer for so long, the reason is probably that no worker is there. */
const quietMs = 15_000;
const queryMs = 5_000;
const notAgreed = 3;

export interface ReconcileRequest extends TimeRange {
  /** How long an event may need to become a run. */
  readonly settleMs: number;
  readonly mail?: boolean;
}

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly last?: number;
  readonly settle: number;
  readonly json: boolean;
  readonly mail: boolean;
}

type Handle = WorkflowHandleWithFirstExecutionRunId<typeof reconcile>;

/** The command. Exit code 0: everything agrees, 3: differences, or incomplete, 1: it failed. */
export function reconcileCommand(): Command {
  return new Command('reconcile')
    .description('compare events, runs and books over a range; exits 3 unless all agrees')
    .option('--from <time>', 'begin of the range, ISO with zone', parseInstant)
    .option('--to <time>', 'end of the range, not included', parseInstant)
    .option('--last <length>', 'the range up to now: 15m, 2h, 1d', parseLength)
    .option('--settle <length>', 'how long an event may need to become a run', parseLength, 60_000)
    .option('--json', 'print the report as JSON', false)
    .option('--no-mail', 'do not mail the report to the operators')
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const { settle: settleMs, json, mail } = options;
  let range: TimeRange;
  try {
    range = rangeOf(options, Date.now());
  } catch (error) {
    command.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  }
  const config = readConfig(process.env);
  const addresses = await addressesInUse(config, process.env);
  const { connection, client } = await connectTemporal(addresses, process.env);
  try {
    const handle = await startReconciliation(client, config, { ...range, settleMs, mail });
    const report = await follow(handle, (line) => process.stderr.write(`${line}\n`));
    const colors = process.stdout.isTTY;
    const text = json ? JSON.stringify(report, undefined, 2) : reportTables(report, colors);
    process.stdout.write(`${text}\n`);
    process.exitCode = agrees(report) ? 0 : notAgreed;
  } finally {
    await connection.close();
  }
}

/** Reconciles a range and answers with its report in few lines. */
export async function reconcileRange(
  { client }: { readonly client: Client },
  config: Pick<Config, 'HEADRACE_TASK_QUEUE'>,
  request: ReconcileRequest,
): Promise<string[]> {
  const handle = await startReconciliation(client, config, request);
  return reportLines(await handle.result());
}

/** Starts the reconciliation of a range, or joins the one that runs for the same range. */
export function startReconciliation(
  client: Client,
  config: Pick<Config, 'HEADRACE_TASK_QUEUE'>,
  { from, to, settleMs, mail = true }: ReconcileRequest,
): Promise<Handle> {
  return client.workflow.start(reconcile, {
    workflowId: reconciliationId(from, to),
    taskQueue: config.HEADRACE_TASK_QUEUE,
    args: [{ from, to, settleMs, mail }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Reconcile ${from} to ${to}`,
  });
}

/** Prints each change of progress until the report is there. */
async function follow(
  handle: Handle,
  print: (line: string) => void,
): Promise<ReconciliationReport> {
  const over = new AbortController();
  const ask = () =>
    handle.client.withDeadline(Date.now() + queryMs, () => handle.query(reconciliationQuery));
  const watching = watch(ask, print, over.signal, { pollMs, quietMs });
  try {
    return await handle.result();
  } finally {
    over.abort();
    await watching;
  }
}

/** Prints what `ask` answers when it changes, and a hint each time nobody has for `quietMs`. */
export async function watch(
  ask: () => Promise<ReconciliationProgress>,
  print: (line: string) => void,
  over: AbortSignal,
  { pollMs, quietMs }: { readonly pollMs: number; readonly quietMs: number },
): Promise<void> {
  let last = '';
  let answeredAt = Date.now();
  const isOver = () => over.aborted;
  while (!isOver()) {
    try {
      const line = inWords(await ask());
      if (line !== last) print(line);
      last = line;
      answeredAt = Date.now();
    } catch {
      // Progress is a courtesy, only the result decides: without a worker no query is answered.
      if (!isOver() && Date.now() - answeredAt >= quietMs) {
        print(
          `no answer for ${String(quietMs / 1_000)} s: does a worker run?` +
            ' Ctrl-C ends the watching, not the reconciliation',
        );
        answeredAt = Date.now();
      }
    }
    await sleep(pollMs, undefined, { signal: over }).catch(() => undefined);
  }
}

function inWords({ stage, comparedTo, totals, candidates }: ReconciliationProgress): string {
  const counts = `${totals.records} records, ${totals.events} events, ${totals.runs} runs`;
  return `${stage}: compared to ${comparedTo}, ${counts}, ${candidates} to look at twice`;
}
