/** A real server with a worker for `inbox-workflows.ts`, and signals sent as the bridge sends them. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, isGrpcServiceError, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter, toPayloads, type Workflow } from '@temporalio/common';
import {
  DefaultLogger,
  MetricsBuffer,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import type { Addresses } from '../../src/addresses.js';
import { type Event, eventsSignal, type Skipped } from '../../src/workflows/index.js';

const workflowsPath = fileURLToPath(new URL('inbox-workflows.ts', import.meta.url));
const namespace = 'default';

export class InboxStage {
  readonly client: Client;
  readonly #connection: NativeConnection;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #taskQueue: string;
  readonly #metrics: MetricsBuffer;
  #duplicates = 0;

  private constructor(
    connection: NativeConnection,
    worker: Worker,
    taskQueue: string,
    metrics: MetricsBuffer,
  ) {
    this.#metrics = metrics;
    this.#connection = connection;
    this.#worker = worker;
    this.#taskQueue = taskQueue;
    this.client = new Client({ connection, namespace });
    this.#ended = worker.run();
  }

  static async open({ temporalAddress }: Addresses): Promise<InboxStage> {
    const buffer = new MetricsBuffer({ maxBufferSize: 200_000 });
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { metrics: { buffer } },
    });
    const connection = await NativeConnection.connect({ address: temporalAddress });
    const taskQueue = `inbox-${randomUUID()}`;
    const worker = await Worker.create({ connection, namespace, taskQueue, workflowsPath });
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
    this.#worker.shutdown();
    await this.#ended;
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

  /** One signal; repeated, under its request id, for as long as the reason is one of the moment. */
  async signal(workflowId: string, events: readonly Event[], skipped: readonly Skipped[] = []) {
    const request = {
      namespace,
      workflowExecution: { workflowId },
      requestId: randomUUID(),
      identity: 'inbox-stage',
      signalName: eventsSignal.name,
      input: { payloads: toPayloads(defaultPayloadConverter, events, skipped) ?? [] },
    };
    for (;;) {
      try {
        await this.client.workflowService.signalWorkflowExecution(request);
        return;
      } catch (error) {
        if (!isGrpcServiceError(error)) throw error;
        if (!momentary.has(error.code)) throw error;
      }
    }
  }
}

/** RESOURCE_EXHAUSTED and UNAVAILABLE. */
const momentary: ReadonlySet<number> = new Set([8, 14]);
