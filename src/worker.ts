/** Process: runs workflows and activities until told to stop. */
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Worker, type State as WorkerState } from '@temporalio/worker';

/** Where the workflows come from. */
export type WorkflowSource =
  /** The file that exports them; it is bundled when the worker starts. */
  | { readonly workflowsPath: string }
  /** A bundle that was made before, by `bundleWorkflowCode` of Temporal's SDK. */
  | { readonly bundlePath: string };

export type WorkerOptions = WorkflowSource & {
  readonly connection: NativeConnection;
  /** Where the workflows run: that of the bridge's client, or nobody works on what it starts. */
  readonly namespace: string;
  /** Default `headrace`. */
  readonly taskQueue?: string;
  readonly activities?: object;
  /** The same as the client's. */
  readonly dataConverter?: DataConverter;
};

export interface RunningWorker {
  state(): WorkerState;
  /** Rejects when the worker dies of itself. */
  readonly ended: Promise<void>;
  /** Lets running activities end, within their grace time. */
  stop(): Promise<void>;
}

/**
 * How long a workflow may compute in one go. When it is over the SDK interrupts the sandbox in
 * mid-promise, at which Node can abort the whole process; its own 5 s are within what a long replay
 * takes on a busy machine. The SDK heeds this option (1.24), and does not name it in its types.
 */
const patience = { isolateExecutionTimeout: '60 seconds' };

/** Starts a worker. Resolves when it polls. */
export async function runWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { connection, namespace, taskQueue = 'headrace', activities = {} } = options;
  const worker = await Worker.create({
    ...{ connection, namespace, taskQueue, activities },
    shutdownGraceTime: '5 seconds',
    ...(options.dataConverter === undefined ? {} : { dataConverter: options.dataConverter }),
    ...patience,
    // An idle event costs one poll's latency; more pollers than cores cost only memory.
    workflowTaskPollerBehavior: { type: 'autoscaling' },
    activityTaskPollerBehavior: { type: 'autoscaling' },
    ...('bundlePath' in options
      ? { workflowBundle: { codePath: options.bundlePath } }
      : { workflowsPath: options.workflowsPath }),
  });
  const ended = worker.run();
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await ended.catch(() => undefined);
  };
  return { state: () => worker.getState(), ended, stop };
}
