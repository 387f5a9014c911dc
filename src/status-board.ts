/** What has happened so far, compact: counts, and the latest runs with what they are doing. */
import type { Client } from '@temporalio/client';
import Table from 'cli-table3';
import type { Outcome } from './bridges/engine/engine-ports.js';

/** Runs that are remembered; fewer are shown where the terminal is small. */
const keptRuns = 40;
const shownRejections = 3;
const fewestRuns = 3;

/** For cli-table3: columns by spaces alone. */
export const borderless = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
  middle: '',
};

/** The columns that are shown, the least telling first to go where the terminal is narrow. */
const columns = [
  { head: 'run', width: 27, from: 0 },
  { head: 'last event', width: 21, from: 100 },
  { head: 'events', width: 8, from: 120 },
  { head: 'state', width: 11, from: 0 },
] as const;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

interface Line {
  readonly workflowId: string;
  lastEvent: string;
  events: number;
  state: string;
  doing: string;
  over: boolean;
}

/** Collects decisions as they become durable and asks Temporal how the runs are going. */
export class StatusBoard {
  readonly #client: Client;
  readonly #since = Date.now();
  readonly #counts = new Map<Outcome['kind'], number>();
  readonly #events = new Map<string, number>();
  readonly #lines = new Map<string, Line>();
  readonly #rejections: string[] = [];

  constructor(client: Client) {
    this.#client = client;
  }

  /** Takes note of a decision. */
  decided(outcome: Outcome): void {
    const { kind, workflowId, eventType = '', record, reason } = outcome;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (kind === 'dead-lettered') {
      const place = `${record.topic}/${String(record.partition)}/${record.offset}`;
      this.#rejections.push(`${place}: ${reason ?? ''}`);
      if (this.#rejections.length > shownRejections) this.#rejections.shift();
    }
    if (workflowId === undefined || kind === 'ignored') return;
    this.#events.set(eventType, (this.#events.get(eventType) ?? 0) + 1);
    const known = this.#lines.get(workflowId);
    const line = known ?? {
      workflowId,
      events: 0,
      state: '',
      doing: '',
      lastEvent: '',
      over: false,
    };
    line.events += 1;
    line.lastEvent = eventType;
    // A closed run may have been started again by this event.
    line.over = false;
    // The latest goes to the end; what is no longer shown is no longer kept.
    this.#lines.delete(workflowId);
    this.#lines.set(workflowId, line);
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > keptRuns && oldest !== undefined) this.#lines.delete(oldest);
  }

  /** Asks Temporal how the runs are going. A run that cannot tell keeps its last words. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => this.#ask(line)));
  }

  /** The board in lines that fit into `size`. */
  render(size: Size): string[] {
    const rejections = this.#rejections.map((text) => `dead letter ${text}`);
    const heading = [cut(this.#totals(), size.columns), ...wrapped(this.#kinds(), size.columns)];
    // A blank line and the table's head are there, too.
    const left = size.rows - heading.length - rejections.length - 2;
    const shown = [...this.#lines.values()].slice(-Math.max(fewestRuns, left));
    const below = rejections.map((line) => cut(line, size.columns));
    return [...heading, '', ...tableOf(shown, size.columns), ...below];
  }

  #totals(): string {
    const seconds = Math.round((Date.now() - this.#since) / 1_000);
    const counts = (['started', 'signalled', 'ignored', 'dead-lettered'] as const)
      .map((kind) => `${kind} ${String(this.#counts.get(kind) ?? 0)}`)
      .join('   ');
    return `after ${String(seconds)} s   ${counts}`;
  }

  #kinds(): readonly string[] {
    const counts = [...this.#events].map(([type, count]) => `${type} ${String(count)}`);
    return counts.length === 0 ? ['no event yet'] : counts;
  }

  async #ask(line: Line): Promise<void> {
    if (line.over) return;
    try {
      const handle = this.#client.workflow.getHandle(line.workflowId);
      const { status } = await handle.describe();
      line.state = status.name.toLowerCase();
      line.over = status.name !== 'RUNNING';
      if (status.name === 'COMPLETED') line.doing = outcomeOf(await handle.result());
      else if (status.name === 'RUNNING') line.doing = await this.#detailsOf(line.workflowId);
    } catch {
      // Not visible yet, or Temporal is away: the next refresh asks again.
    }
  }

  async #detailsOf(workflowId: string): Promise<string> {
    const handle = this.#client.workflow.getHandle(workflowId);
    const metadata = await handle.query<{ currentDetails?: string }>(
      '__temporal_workflow_metadata',
    );
    return inShort(metadata.currentDetails ?? '');
  }
}

/** As wide as the terminal, less the last column, where some terminals break the line. */
function tableOf(lines: readonly Line[], width: number): string[] {
  const some = columns.filter(({ from }) => width >= from);
  const taken = some.reduce((sum, column) => sum + column.width, 0);
  const table = new Table({
    head: [...some.map(({ head }) => head), 'what it is doing'],
    colWidths: [...some.map((column) => column.width), Math.max(10, width - taken - 1)],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: borderless,
  });
  for (const { workflowId, lastEvent, events, state, doing } of lines) {
    const cells = { run: workflowId, 'last event': lastEvent, events, state };
    table.push([...some.map(({ head }) => cells[head]), doing]);
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** The texts in as few lines as hold them. */
function wrapped(texts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const text of texts) {
    const last = lines.pop();
    const joined = last === undefined ? text : `${last}   ${text}`;
    if (last === undefined || joined.length <= width) lines.push(joined);
    else lines.push(last, text);
  }
  return lines;
}

/** One line of at most `width` columns. */
export function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}

function outcomeOf(result: unknown): string {
  const isOutcome = typeof result === 'object' && result !== null && 'outcome' in result;
  return isOutcome ? String(result.outcome) : '';
}

/** The title and the first sentence of a run's details, without their Markdown. */
function inShort(details: string): string {
  const lines = details.replaceAll(/[*_`#]/g, '').split('\n');
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, 2)
    .join(': ');
}
