/** Shell: the dead-letter topic itself: it has as many partitions as its sources, and room for theirs. */
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { createTopics } from '../intake/topic-creation.js';

/** Our headers, and what the broker adds to a batch. */
const headroom = 64 * 1024;
// Node finds only some of kafkajs' names when they are imported one by one.
const { ConfigResourceTypes: resourceTypes } = kafkajs;

const sizeSetting = 'max.message.bytes';
const largestSize = 2 ** 31 - 1;

/**
 * Creates the topic where it is missing: with the most partitions of `sources` (of those that
 * exist), at least `partitions`, and with room for their largest records. A topic that is there is
 * left as it is. Answers with the number of partitions of the topic and of its sources.
 */
export async function ensureDeadLetterTopic(
  kafka: Kafka,
  topic: string,
  sources: readonly string[],
  partitions = 1,
): Promise<ReadonlyMap<string, number>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = new Set(await admin.listTopics());
    const known = sources.filter((name) => existing.has(name));
    const counts = await countsOf(admin, existing.has(topic) ? [topic, ...known] : known);
    if (existing.has(topic)) return counts;
    const numPartitions = Math.max(partitions, ...counts.values());
    const configEntries = await roomFor(admin, known);
    await createTopics(admin, [{ topic, numPartitions, configEntries }]);
    return new Map([...counts, [topic, numPartitions]]);
  } finally {
    await admin.disconnect();
  }
}

async function countsOf(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  // None named would mean all.
  if (topics.length === 0) return new Map();
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
  return new Map(found.map(({ name, partitions }) => [name, partitions.length]));
}

/** A letter is its record and our headers: it needs more room than the largest record. */
async function roomFor(admin: Admin, sources: readonly string[]) {
  const largest = Math.max(0, ...(await limitsOf(admin, sources)));
  if (!(largest > 0)) return [];
  return [{ name: sizeSetting, value: String(Math.min(largest + headroom, largestSize)) }];
}

/** How large a batch each of `topics` takes, in bytes, where the broker says so. */
async function limitsOf(admin: Admin, topics: readonly string[]): Promise<readonly number[]> {
  if (topics.length === 0) return [];
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({
      ...{ type: resourceTypes.TOPIC, name, configNames: [sizeSetting] },
    })),
  });
  const settings = resources.flatMap(({ configEntries }) => configEntries);
  const sizes = settings.filter(({ configName }) => configName === sizeSetting);
  return sizes.map(({ configValue }) => Number(configValue));
}

/** How large a batch `topic` takes, in bytes; undefined where that cannot be known. */
export async function sizeLimitOf(kafka: Kafka, topic: string): Promise<number | undefined> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return (await limitsOf(admin, [topic]))[0];
  } catch {
    // Whoever may write a topic need not be allowed to describe it.
    return undefined;
  } finally {
    await admin.disconnect();
  }
}
