/** Where scenarios run: the real stack, workers in this process, and a count of the calls. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { Producer } from 'kafkajs';
import type { Logger } from 'pino';
import type { ListEffect } from '../src/bridges/matching/command.js';
import { type Clients, openClients } from '../src/clients.js';
import { type Config, readConfig } from '../src/config.js';
import { createLog } from '../src/log.js';
import { startStack, type Stack } from '../src/stack/index.js';
import { ensureTopics } from '../src/stack/topics.js';
import { runWorker } from '../src/worker.js';
import { countedClient } from './calls.js';
import type { BenchEvent } from './workflows/index.js';

export interface Laboratory {
  readonly config: Config;
  readonly clients: Omit<Clients, 'client'>;
  /** Counted: every subject uses it, and nobody else. */
  readonly client: Client;
  /** Calls of Temporal through `client` so far. */
  calls(): number;
  readonly log: Logger;
  readonly producer: Producer;
  readonly stack: Stack;
  /** A fresh topic, since offsets and groups of one run must not meet those of another. */
  topic(): Promise<string>;
  /** A worker on a fresh task queue. */
  worker(activities: Partial<BenchActivities>): Promise<BenchWorker>;
  close(): Promise<void>;
}

export interface BenchActivities {
  /** The step of the workflows. */
  mark(steps: readonly Step[]): Promise<void>;
  /** The effect without a workflow. */
  settle: ListEffect<BenchEvent>;
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
export const deadLetterTopic = 'bench.dead-letters';

/** Starts the stack (or uses what is configured) and what every scenario needs. */
export async function openLaboratory(progress: (line: string) => void): Promise<Laboratory> {
  const env = { HEADRACE_DATA: '.headrace/bench', ...process.env };
  const config = readConfig(env);
  const log = createLog('warn', join(config.HEADRACE_DATA, 'logs/bench.log'));
  const stack = await startStack({ config, env, progress });
  const clients = await openClients(config, stack.addresses, env, log);
  const { connection, namespace, kafka } = clients;
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await ensureTopics(kafka, [{ topic: deadLetterTopic, partitions: 1 }]);
  const bundlePath = await bundle(join(config.HEADRACE_DATA, 'bench-workflows.cjs'));
  return {
    ...{ config, clients, log, producer, stack },
    ...countedClient(connection, namespace),
    topic: async () => {
      const topic = `bench.${randomUUID().slice(0, 8)}`;
      await ensureTopics(kafka, [{ topic, partitions }]);
      return topic;
    },
    // The worker of Headrace itself: its settings are part of what is measured.
    worker: async (activities) => {
      const taskQueue = `bench-${randomUUID().slice(0, 8)}`;
      const worker = await runWorker({
        ...{ connection, namespace, taskQueue, bundlePath, activities },
      });
      return { taskQueue, stop: () => worker.stop() };
    },
    close: async () => {
      await producer.disconnect();
      await clients.close();
      await stack.stop();
    },
  };
}

async function bundle(path: string): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('workflows/index.js', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(path, code);
  return path;
}
