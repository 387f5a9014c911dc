/** A real server with a worker for `inbox-workflows.ts`, and signals sent as the bridge sends them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter, toPayloads, type Workflow } from '@temporalio/common';
import { DefaultLogger, MetricsBuffer, NativeConnection, Runtime } from '@temporalio/worker';
import type { Addresses } from '../../src/addresses.js';
import { judged } from '../../src/bridges/temporal/grpc-failure.js';
import { backoffMs } from '../../src/bridges/engine/limiter.js';
import { type RunningWorker, runWorker } from '../../src/worker.js';
import { type Event, eventsSignal, type Skipped } from '../../src/workflows/index.js';

const workflowsPath = fileURLToPath(new URL('inbox-workflows.ts', import.meta.url));
const namespace = 'default';

export class InboxStage {
  readonly client: Client;
  readonly #connection: NativeConnection;
  readonly #worker: RunningWorker;
  readonly #taskQueue: string;
  readonly #metrics: MetricsBuffer;
  #duplicates = 0;

  private constructor(
    connection: NativeConnection,
    worker: RunningWorker,
    taskQueue: string,
    metrics: MetricsBuffer,
  ) {
    this.#metrics = metrics;
    this.#connection = connection;
    this.#worker = worker;
    this.#taskQueue = taskQueue;
    this.client = new Client({ connection, namespace });
  }

  static async open({ temporalAddress }: Addresses): Promise<InboxStage> {
    const buffer = new MetricsBuffer({ maxBufferSize: 200_000 });
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { metrics: { buffer } },
    });
    const connection = await NativeConnection.connect({ address: temporalAddress });
    const taskQueue = `inbox-${randomUUID()}`;
    const worker = await runWorker({ connection, namespace, taskQueue, workflowsPath });
    return new InboxStage(connection, worker, taskQueue, buffer);
  }

  /** Repetitions that the worker's metrics have counted so far. */
  duplicates(): number {
    for (const { metric, value } of this.#metrics.retrieveUpdates()) {
      if (metric.name === 'headrace_inbox_duplicates') this.#duplicates += value;
    }
    return this.#duplicates;
  }

  async close(): Promise<void> {
    await this.#worker.stop();
    await this.#connection.close();
  }

  start<W extends Workflow>(
    workflow: W,
    workflowId: string,
    input: Parameters<W>[0],
  ): Promise<WorkflowHandle<W>> {
    const options = { workflowId, taskQueue: this.#taskQueue, args: [input] };
    return this.client.workflow.start(workflow.name, options) as Promise<WorkflowHandle<W>>;
  }

  /** One signal; repeated, under its request id, for as long as the bridge would. */
  async signal(workflowId: string, events: readonly Event[], skipped: readonly Skipped[] = []) {
    const request = {
      namespace,
      workflowExecution: { workflowId },
      requestId: randomUUID(),
      identity: 'inbox-stage',
      signalName: eventsSignal.name,
      input: { payloads: toPayloads(defaultPayloadConverter, events, skipped) ?? [] },
    };
    for (let attempt = 0; ; attempt += 1) {
      const verdict = await judged(async () => {
        await this.client.workflowService.signalWorkflowExecution(request);
        return { kind: 'done' } as const;
      });
      if (verdict.kind === 'done') return;
      if (verdict.kind !== 'retry') throw new Error(`refused: ${JSON.stringify(verdict)}`);
      await sleep(backoffMs(attempt, Math.random()));
    }
  }
}
