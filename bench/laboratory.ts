/** Where scenarios run: the real stack, a worker in this process, and a clock for what it does. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Producer } from 'kafkajs';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { type Clients, openClients } from '../src/clients.js';
import { readConfig } from '../src/config.js';
import { createLog } from '../src/log.js';
import { startStack } from '../src/stack/index.js';
import { ensureTopics } from '../src/stack/topics.js';
import type { Logger } from 'pino';

export interface Laboratory {
  readonly clients: Clients;
  readonly log: Logger;
  readonly producer: Producer;
  /** A fresh topic, since offsets and groups of one run must not meet those of another. */
  topic(): Promise<string>;
  /** A worker on a fresh task queue; `marked` hears of each step as its activity runs. */
  worker(marked: (events: readonly Step[]) => void): Promise<BenchWorker>;
  close(): Promise<void>;
}

export interface Step {
  readonly key: string;
  readonly n: number;
}

export interface BenchWorker {
  readonly taskQueue: string;
  stop(): Promise<void>;
}

export const partitions = 6;

/** Starts the stack (or uses what is configured) and what every scenario needs. */
export async function openLaboratory(progress: (line: string) => void): Promise<Laboratory> {
  const env = { HEADRACE_DATA: '.headrace/bench', ...process.env };
  const config = readConfig(env);
  const log = createLog('warn', join(config.HEADRACE_DATA, 'logs/bench.log'));
  const stack = await startStack({ config, env, progress });
  const clients = await openClients(config, stack.addresses, env, log);
  const producer = clients.kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const workflowsPath = fileURLToPath(new URL('workflows/index.js', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath,
    logger: new DefaultLogger('WARN'),
  });
  const close = async (): Promise<void> => {
    await producer.disconnect();
    await clients.close();
    await stack.stop();
  };
  return {
    clients,
    log,
    producer,
    topic: async () => {
      const topic = `bench.${randomUUID().slice(0, 8)}`;
      await ensureTopics(clients.kafka, [{ topic, partitions }]);
      return topic;
    },
    worker: async (marked) => {
      const taskQueue = `bench-${randomUUID().slice(0, 8)}`;
      const worker = await Worker.create({
        connection: clients.connection,
        namespace: clients.namespace,
        taskQueue,
        workflowBundle,
        activities: {
          mark: (events: readonly Step[]) => {
            marked(events);
            return Promise.resolve();
          },
        },
        workflowTaskPollerBehavior: { type: 'autoscaling' },
        activityTaskPollerBehavior: { type: 'autoscaling' },
      });
      const ended = worker.run();
      const stop = async (): Promise<void> => {
        worker.shutdown();
        await ended;
      };
      return { taskQueue, stop };
    },
    close,
  };
}
