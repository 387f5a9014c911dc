/** What is compared: Headrace's bridge, and the loop that everyone writes first. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Consumer } from 'kafkajs';
import { type Bridge, runBridge } from '../src/bridge.js';
import type { Route } from '../src/bridges/matching/route.js';
import { eventsSignal } from '../src/workflows/index.js';
import type { BenchEvent } from './workflows/index.js';
import { deadLetterTopic, type Laboratory } from './laboratory.js';
import { workflowIdOf } from './routes.js';

export interface Subject {
  stop(): Promise<void>;
}

export interface Feed {
  readonly topic: string;
  readonly taskQueue: string;
}

export interface BridgeSubject extends Subject {
  readonly bridge: Bridge;
}

/** Headrace; resolves when partitions are assigned. */
export async function headrace(
  { clients, client, log }: Laboratory,
  { taskQueue, route, eager = true }: Omit<Feed, 'topic'> & { route: Route; eager?: boolean },
): Promise<BridgeSubject> {
  const { kafka, namespace } = clients;
  const groupId = `headrace-${randomUUID()}`;
  const bridge = await runBridge({
    ...{ kafka, client, namespace, taskQueue, groupId, deadLetterTopic, log, eager },
    routes: [route],
  });
  while (!bridge.assigned()) await new Promise((resolve) => setTimeout(resolve, 5));
  return { bridge, stop: () => bridge.stop() };
}

/** `eachMessage`, one signal-with-start awaited per record; resolves when partitions are assigned. */
export async function naiveLoop(
  { clients, client }: Laboratory,
  feed: Feed & { readonly eventsPerKey: number },
): Promise<Subject> {
  const groupId = `naive-${randomUUID()}`;
  const consumer = clients.kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
  await consumeNaively(consumer, client, feed);
  return { stop: () => consumer.disconnect() };
}

/** The loop itself; resolves when partitions are assigned. */
export async function consumeNaively(
  consumer: Consumer,
  client: Client,
  feed: Feed & { readonly eventsPerKey: number },
): Promise<void> {
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
}

function deliver(
  client: Client,
  feed: Feed & { readonly eventsPerKey: number },
  event: BenchEvent,
): Promise<unknown> {
  const { key } = event.data;
  return client.workflow.signalWithStart('benchSteps', {
    workflowId: workflowIdOf(feed.topic, key),
    taskQueue: feed.taskQueue,
    args: [{ key, events: feed.eventsPerKey }],
    signal: eventsSignal,
    signalArgs: [[event]],
  });
}

export function positionOf(at: { topic: string; partition: number; offset: string }) {
  const source = `kafka:${at.topic}#0/${String(at.partition)}`;
  return { source, at: at.offset.padStart(20, '0') };
}
