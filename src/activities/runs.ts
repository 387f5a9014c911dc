/** Shell: which runs Temporal has. The list is quick but lags; a description is the truth. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Run } from './drift.js';

/** The workflows that events start; others have no event to be compared with. */
const watched = ['fulfilOrder', 'recoverPayment'] as const;
const pageSize = 1_000;
const describedAtOnce = 16;

export class Runs {
  readonly #client: Client;
  readonly #namespace: string;
  readonly #heartbeat: () => void;

  constructor(client: Client, namespace: string, heartbeat: () => void) {
    this.#client = client;
    this.#namespace = namespace;
    this.#heartbeat = heartbeat;
  }

  /** The runs that started in [fromMs, toMs), as far as visibility knows them by now. */
  async startedBetween(fromMs: number, toMs: number): Promise<readonly Run[]> {
    const types = watched.map((workflow) => `'${workflow}'`).join(', ');
    const query =
      `WorkflowType IN (${types}) AND StartTime >= '${new Date(fromMs).toISOString()}' ` +
      `AND StartTime < '${new Date(toMs).toISOString()}'`;
    const runs: Run[] = [];
    for await (const { workflowId, runId, type, startTime } of this.#client.workflow.list({
      query,
      pageSize,
    })) {
      if (runs.length % pageSize === 0) this.#heartbeat();
      runs.push({ workflowId, runId, workflow: type, startedMs: startTime.getTime() });
    }
    return runs;
  }

  /** Those of the workflow ids that have a run, open or closed. */
  async existing(workflowIds: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await this.#each(workflowIds, async (workflowId) =>
      (await this.#firstRunOf(workflowId)) === undefined ? [] : [workflowId],
    );
    return new Set(found);
  }

  /**
   * Those of the runs that still exist and began their chain: a run that another continued as is no
   * new beginning, and needs no event of its own.
   */
  async beginnings<R extends Pick<Run, 'workflowId' | 'runId'>>(
    runs: readonly R[],
  ): Promise<readonly R[]> {
    return this.#each(runs, async (run) =>
      (await this.#firstRunOf(run.workflowId, run.runId)) === run.runId ? [run] : [],
    );
  }

  /** How long the namespace keeps closed runs, in ms. */
  async retentionMs(): Promise<number> {
    const { config } = await this.#client.workflowService.describeNamespace({
      namespace: this.#namespace,
    });
    const seconds = config?.workflowExecutionRetentionTtl?.seconds;
    return seconds == null ? Infinity : Number(seconds) * 1_000;
  }

  async #firstRunOf(workflowId: string, runId?: string): Promise<string | undefined> {
    try {
      const { raw } = await this.#client.workflow.getHandle(workflowId, runId).describe();
      const about = raw.workflowExecutionInfo;
      return about?.firstRunId || (about?.execution?.runId ?? undefined);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  async #each<A, B>(all: readonly A[], ask: (one: A) => Promise<readonly B[]>): Promise<B[]> {
    const answers: B[] = [];
    for (let at = 0; at < all.length; at += describedAtOnce) {
      this.#heartbeat();
      const some = await Promise.all(all.slice(at, at + describedAtOnce).map(ask));
      answers.push(...some.flat());
    }
    return answers;
  }
}
