/** What has happened so far, compact: counts, and the latest runs with what they are doing. */
import type { Client } from '@temporalio/client';
import Table from 'cli-table3';
import type { Outcome } from './bridges/engine.js';

const shownRuns = 14;
const shownRejections = 3;

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
  readonly #lines = new Map<string, Line>();
  readonly #rejections: string[] = [];

  constructor(client: Client) {
    this.#client = client;
  }

  /** Takes note of a decision. */
  decided(outcome: Outcome): void {
    const { kind, workflowId, eventType, record, reason } = outcome;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (kind === 'dead-lettered') {
      const place = `${record.topic}/${String(record.partition)}/${record.offset}`;
      this.#rejections.push(`${place}: ${reason ?? ''}`);
      if (this.#rejections.length > shownRejections) this.#rejections.shift();
    }
    if (workflowId === undefined || kind === 'ignored') return;
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
    line.lastEvent = eventType ?? '';
    // The latest goes to the end; what is no longer shown is no longer kept.
    this.#lines.delete(workflowId);
    this.#lines.set(workflowId, line);
    const [oldest] = this.#lines.keys();
    if (this.#lines.size > shownRuns && oldest !== undefined) this.#lines.delete(oldest);
  }

  /** Asks Temporal how the shown runs are going. A run that cannot tell keeps its last words. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => this.#ask(line)));
  }

  /** The board as text. */
  render(): string {
    const seconds = Math.round((Date.now() - this.#since) / 1_000);
    const counts = (['started', 'signalled', 'ignored', 'dead-lettered'] as const)
      .map((kind) => `${kind} ${String(this.#counts.get(kind) ?? 0)}`)
      .join('   ');
    const table = new Table({
      head: ['run', 'last event', 'events', 'state', 'what it is doing'],
      colWidths: [28, 20, 8, 12, 60],
      style: { head: [], border: [], compact: true },
    });
    for (const line of this.#lines.values()) {
      table.push([line.workflowId, line.lastEvent, line.events, line.state, line.doing]);
    }
    const rejections = this.#rejections.map((text) => `  dead letter ${text}`);
    return [`after ${String(seconds)} s   ${counts}`, table.toString(), ...rejections].join('\n');
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
