/** Process of the scenario `recovery`: Headrace's bridge, or the naive loop, until it is killed. */
import { runBridge } from '../src/bridge.js';
import { kafkaClient } from '../src/bridges/intake/kafka-client.js';
import { readConfig } from '../src/config.js';
import { createLog } from '../src/log.js';
import { installRuntime } from '../src/sdk-runtime.js';
import { connectTemporal } from '../src/temporal-connection.js';
import { deadLetterTopic } from './laboratory.js';
import { stepsRoute } from './routes.js';
import { consumeNaively } from './subjects.js';

/** Its one argument, as JSON. */
export interface RecoveryTask {
  readonly subject: 'headrace' | 'naive';
  readonly topic: string;
  readonly taskQueue: string;
  readonly groupId: string;
  readonly kafkaBrokers: readonly string[];
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
}

async function run(task: RecoveryTask): Promise<void> {
  const { subject, topic, taskQueue, groupId, temporalNamespace: namespace } = task;
  const log = createLog('warn', 2);
  installRuntime(log);
  const kafka = kafkaClient(readConfig(process.env), task.kafkaBrokers, log);
  const { client } = await connectTemporal(task, process.env);
  if (subject === 'naive') {
    const feed = { topic, taskQueue, eventsPerKey: 1 };
    await consumeNaively(kafka.consumer({ groupId }), client, feed);
    return;
  }
  await runBridge({
    ...{ kafka, client, namespace, taskQueue, groupId, deadLetterTopic, log },
    routes: [stepsRoute(topic, { eventsPerKey: 1 })],
  });
}

await run(JSON.parse(process.argv[2] ?? '') as RecoveryTask);
