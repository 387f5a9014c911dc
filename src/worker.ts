/** Process: runs workflows and activities until told to stop. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type NativeConnection, Worker, type State as WorkerState } from '@temporalio/worker';
import type { Logger } from 'pino';

export interface WorkerOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities: object;
  readonly log: Logger;
  /** Without it, the bundle of `npm run build`, or a fresh one of the sources. */
  readonly bundlePath?: string;
}

export interface RunningWorker {
  state(): WorkerState;
  /** Rejects when the worker dies of itself. */
  readonly ended: Promise<void>;
  /** Lets running activities end, within their grace time. */
  stop(): Promise<void>;
}

const built = fileURLToPath(new URL('../workflows.bundle.cjs', import.meta.url));

/** Starts a worker. Resolves when it polls. */
export async function runWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { connection, namespace, taskQueue, activities } = options;
  const bundlePath = options.bundlePath ?? (existsSync(built) ? built : undefined);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    activities,
    shutdownGraceTime: '5 seconds',
    // An idle event costs one poll's latency; more pollers than cores cost only memory.
    workflowTaskPollerBehavior: { type: 'autoscaling' },
    activityTaskPollerBehavior: { type: 'autoscaling' },
    ...(bundlePath === undefined
      ? { workflowsPath: fileURLToPath(new URL('workflows/index.js', import.meta.url)) }
      : { workflowBundle: { codePath: bundlePath } }),
  });
  const ended = worker.run();
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    await ended.catch(() => undefined);
  };
  return { state: () => worker.getState(), ended, stop };
}
