/** Topics that must be there before anyone subscribes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';

export interface TopicSettings {
  readonly topic: string;
  readonly partitions: number;
}

/** Creates the topics that are missing; leaves the others as they are, whatever their partitions. */
export async function ensureTopics(kafka: Kafka, topics: readonly TopicSettings[]): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const missing = topics.filter(({ topic }) => !existing.has(topic));
    if (missing.length === 0) return;
    await createOnce(admin, missing);
  } finally {
    await admin.disconnect();
  }
}

/** A busy broker has a topic some moments before it hosts it, which kafkajs takes for a failure. */
const notYet = 'UNKNOWN_TOPIC_OR_PARTITION';
const attemptsMax = 20;

async function createOnce(admin: Admin, topics: readonly TopicSettings[]): Promise<void> {
  const wanted = topics.map(({ topic, partitions }) => ({ topic, numPartitions: partitions }));
  for (let attempt = 1; ; attempt += 1) {
    try {
      await admin.createTopics({ waitForLeaders: true, topics: wanted });
      return;
    } catch (error) {
      if (attempt >= attemptsMax || typeOf(error) !== notYet) throw error;
      await sleep(250);
      const existing = new Set(await admin.listTopics());
      if (wanted.every(({ topic }) => existing.has(topic))) return;
    }
  }
}

function typeOf(error: unknown): unknown {
  return error instanceof Error && 'type' in error ? error.type : undefined;
}
