/** What is compared: Headrace's bridge, and the loop that everyone writes first. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { runBridge } from '../src/bridge.js';
import { signalWithStart } from '../src/bridges/command.js';
import { application } from '../src/bridges/application-source.js';
import type { EventKind } from '../src/bridges/event-source.js';
import { defineRoute } from '../src/bridges/route.js';
import { ensureTopics } from '../src/stack/topics.js';
import { eventsSignal } from '../src/workflows/index.js';
import { type BenchEvent, benchSteps } from './workflows/index.js';
import type { Laboratory } from './laboratory.js';

export interface Subject {
  stop(): Promise<void>;
}

export interface Feed {
  readonly topic: string;
  readonly taskQueue: string;
  /** How many events each workflow gets. */
  readonly eventsPerKey: number;
}

const data = z.object({ key: z.string(), n: z.number() });

/** Headrace; resolves when partitions are assigned. */
export async function headrace(laboratory: Laboratory, feed: Feed): Promise<Subject> {
  const { clients, log } = laboratory;
  const { topic, taskQueue, eventsPerKey: events } = feed;
  const source = application<BenchEvent>({ type: 'bench.event', topic, data });
  const kind: EventKind<BenchEvent> = { type: 'bench.event', sources: [source] };
  const route = defineRoute('bench', kind, 'signal or start benchSteps', (event) => {
    const { key } = event.data;
    const settings = { key, events };
    return signalWithStart(benchSteps, workflowIdOf(topic, key), event, settings, {
      listing: { attributes: {}, summary: `Bench ${key}` },
      whenClosed: 'leave-closed',
    });
  });
  const deadLetterTopic = 'bench.dead-letters';
  await ensureTopics(clients.kafka, [{ topic: deadLetterTopic, partitions: 1 }]);
  const bridge = await runBridge({
    kafka: clients.kafka,
    client: clients.client,
    namespace: clients.namespace,
    taskQueue,
    groupId: `headrace-${randomUUID()}`,
    generation: '0',
    routes: [route],
    deadLetterTopic,
    log,
  });
  while (!bridge.assigned()) await new Promise((resolve) => setTimeout(resolve, 10));
  return { stop: () => bridge.stop() };
}

/** `eachMessage`, one signal-with-start awaited per record; resolves when partitions are assigned. */
export async function naiveLoop(laboratory: Laboratory, feed: Feed): Promise<Subject> {
  const { kafka, client } = laboratory.clients;
  const consumer = kafka.consumer({ groupId: `naive-${randomUUID()}`, maxWaitTimeInMs: 100 });
  const assigned = new Promise((resolve) => consumer.on('consumer.group_join', resolve));
  await consumer.connect();
  await consumer.subscribe({ topics: [feed.topic], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      const at = { topic, partition, offset: message.offset };
      const content = JSON.parse(message.value?.toString() ?? '') as Omit<BenchEvent, 'position'>;
      await deliver(client, feed, { ...content, position: positionOf(at) });
    },
  });
  await assigned;
  return { stop: () => consumer.disconnect() };
}

function deliver(client: Client, feed: Feed, event: BenchEvent): Promise<unknown> {
  const { key } = event.data;
  return client.workflow.signalWithStart('benchSteps', {
    workflowId: workflowIdOf(feed.topic, key),
    taskQueue: feed.taskQueue,
    args: [{ key, events: feed.eventsPerKey }],
    signal: eventsSignal,
    signalArgs: [[event]],
  });
}

function workflowIdOf(topic: string, key: string): string {
  return `${topic}:${key}`;
}

function positionOf(at: { topic: string; partition: number; offset: string }) {
  const source = `kafka:${at.topic}#0/${String(at.partition)}`;
  return { source, at: at.offset.padStart(20, '0') };
}
