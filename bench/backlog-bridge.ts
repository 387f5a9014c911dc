/** Process of the scenario `backlog`: a bridge that says how much memory it holds. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { runBridge } from '../src/bridge.js';
import { kafkaClient } from '../src/bridges/intake/kafka-client.js';
import { readConfig } from '../src/config.js';
import { createLog } from '../src/log.js';
import { installRuntime } from '../src/sdk-runtime.js';
import { connectTemporal } from '../src/temporal-connection.js';
import { countedClient } from './calls.js';
import { deadLetterTopic } from './laboratory.js';
import { effectsRoute } from './routes.js';

/** Its one argument, as JSON. */
export interface BacklogTask {
  readonly topic: string;
  readonly taskQueue: string;
  readonly kafkaBrokers: readonly string[];
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
}

export interface BacklogReport {
  readonly assigned: boolean;
  /** Partitions that wait for room in their window. */
  readonly paused: number;
  readonly settled: number;
  readonly unsettled: number;
  /** Bytes. */
  readonly rss: number;
  /** Of Temporal. */
  readonly calls: number;
}

async function run(task: BacklogTask): Promise<void> {
  const { topic, taskQueue, kafkaBrokers, temporalNamespace: namespace } = task;
  const log = createLog('warn', 2);
  installRuntime(log);
  const kafka = kafkaClient(readConfig(process.env), kafkaBrokers, log);
  const { connection } = await connectTemporal(task, process.env);
  const counted = countedClient(connection, namespace);
  const { client } = counted;
  const groupId = `backlog-${randomUUID()}`;
  const bridge = await runBridge({
    ...{ kafka, client, namespace, taskQueue, groupId, deadLetterTopic, log },
    routes: [effectsRoute(topic)],
  });
  const stopping = new AbortController();
  process.once('message', () => {
    stopping.abort();
  });
  while (!stopping.signal.aborted) {
    const partitions = bridge.state()?.partitions ?? [];
    const report: BacklogReport = {
      assigned: bridge.assigned(),
      paused: partitions.filter(({ paused }) => paused).length,
      settled: partitions.reduce((sum, { watermark }) => sum + Number(watermark ?? 0n), 0),
      unsettled: partitions.reduce((sum, { unsettled }) => sum + unsettled, 0),
      rss: process.memoryUsage.rss(),
      calls: counted.calls(),
    };
    process.send?.(report);
    await sleep(50);
  }
  await bridge.stop();
  await connection.close();
  process.disconnect();
}

await run(JSON.parse(process.argv[2] ?? '') as BacklogTask);
