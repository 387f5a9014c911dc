/** Where bridge and worker share a connection, the answer to a start brings its first task along. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, inject, it, onTestFinished } from 'vitest';
import { ensureTopics } from '../../src/stack/topics.js';
import { entries, entryRoute } from '../support/ledger-entries.js';
import { entriesQuery } from '../support/ledger-workflow.js';
import { eventually } from '../support/site.js';
import { openTemporalStage } from '../support/temporal-stage.js';

const workflowsPath = fileURLToPath(new URL('../support/ledger-workflow.ts', import.meta.url));

it('starts are eager, and the workflow goes on as any other', async () => {
  const taskQueue = `eager-${randomUUID().slice(0, 8)}`;
  const topic = taskQueue;
  const stage = await openTemporalStage(inject('addresses'));
  onTestFinished(() => stage.close());
  await ensureTopics(stage.kafka, [{ topic, partitions: 1 }]);
  await stage.worker({ taskQueue, workflowsPath });
  await stage.bridge({
    ...{ taskQueue, groupId: topic, deadLetterTopic: `${topic}-letters` },
    ...{ eager: true, routes: [entryRoute(topic)] },
  });
  const send = async (first: number, last: number): Promise<void> => {
    await stage.producer.send({ topic, messages: entries(topic, first, last, 0) });
  };
  const run = stage.client.workflow.getHandle(topic);
  const applied = (): Promise<readonly number[]> => run.query(entriesQuery).catch(() => []);
  await send(0, 0);
  await eventually('the first entry', async () => (await applied()).length === 1);
  await send(1, 4);
  await eventually('the others', async () => (await applied()).length === 5);
  expect(await applied()).toEqual([0, 1, 2, 3, 4]);
  const { events } = await run.fetchHistory();
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  expect(started?.eagerExecutionAccepted).toBe(true);
});
