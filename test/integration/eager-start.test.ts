/** Where bridge and worker share a connection, the answer to a start brings its first task along. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { expect, inject, it } from 'vitest';
import { runBridge } from '../../src/bridge.js';
import { createTopics } from '../../src/bridges/intake/topic-creation.js';
import { entries, entryRoute } from '../support/ledger-entries.js';
import { entriesQuery } from '../support/ledger-workflow.js';
import { eventually } from '../support/site.js';

const workflowsPath = fileURLToPath(new URL('../support/ledger-workflow.ts', import.meta.url));

it('starts are eager, and the workflow goes on as any other', async () => {
  const { kafkaBrokers, temporalAddress: address } = inject('addresses');
  const topic = `eager-${randomUUID().slice(0, 8)}`;
  const kafka = new Kafka({ brokers: [...kafkaBrokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await createTopics(admin, [{ topic, numPartitions: 1 }]);
  await admin.disconnect();
  const connection = await NativeConnection.connect({ address });
  const client = new Client({ connection });
  const taskQueue = topic;
  const worker = await Worker.create({ connection, taskQueue, workflowsPath });
  const working = worker.run();
  const bridge = await runBridge({
    ...{ kafka, client, taskQueue, groupId: topic, deadLetterTopic: `${topic}-letters` },
    ...{ eager: true, routes: [entryRoute(topic)], log: pino({ level: 'silent' }) },
  });
  const send = async (first: number, last: number): Promise<void> => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: entries(topic, first, last, 0) });
    await producer.disconnect();
  };
  const applied = async (): Promise<readonly number[]> =>
    client.workflow
      .getHandle(topic)
      .query(entriesQuery)
      .catch(() => []);
  await send(0, 0);
  await eventually('the first entry', async () => (await applied()).length === 1);
  await send(1, 4);
  await eventually('the others', async () => (await applied()).length === 5);
  expect(await applied()).toEqual([0, 1, 2, 3, 4]);
  const { events } = await client.workflow.getHandle(topic).fetchHistory();
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  expect(started?.eagerExecutionAccepted).toBe(true);
  await bridge.stop();
  worker.shutdown();
  await working;
  await connection.close();
});
