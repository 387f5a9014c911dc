/** Topics that must be there before anyone subscribes. */
import type { Kafka } from 'kafkajs';
import { createTopics } from '../bridges/intake/topic-creation.js';

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
    const wanted = missing.map(({ topic, partitions }) => ({ topic, numPartitions: partitions }));
    await createTopics(admin, wanted);
  } finally {
    await admin.disconnect();
  }
}
