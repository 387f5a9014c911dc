import type { Admin, Kafka } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { ensureDeadLetterTopic } from '../../../src/bridges/holding/dead-letter-topic.js';
import { ensureTopics } from '../../../src/stack/topics.js';

/** A broker that creates a topic, answers with `type`, and lists it from then on. */
function busyBroker(type: string): { readonly kafka: Kafka; readonly topics: string[] } {
  const topics: string[] = [];
  const admin = {
    connect: () => Promise.resolve(),
    disconnect: () => Promise.resolve(),
    listTopics: () => Promise.resolve(topics),
    createTopics: ({ topics: wanted }: { topics: { topic: string }[] }) => {
      topics.push(...wanted.map(({ topic }) => topic));
      return Promise.reject(Object.assign(new Error(`broker: ${type}`), { type }));
    },
  };
  return { kafka: { admin: () => admin as unknown as Admin } as unknown as Kafka, topics };
}

const ways = {
  'a topic of events': (kafka: Kafka) => ensureTopics(kafka, [{ topic: 'new', partitions: 1 }]),
  'the dead-letter topic': (kafka: Kafka) => ensureDeadLetterTopic(kafka, 'new', []),
};

describe.each(Object.entries(ways))('%s', (_, ensure) => {
  it('that is there, but not hosted yet, is created', async () => {
    const { kafka, topics } = busyBroker('UNKNOWN_TOPIC_OR_PARTITION');
    await ensure(kafka);
    expect(topics).toEqual(['new']);
  });

  it('that is refused is not', async () => {
    const { kafka } = busyBroker('TOPIC_AUTHORIZATION_FAILED');
    await expect(ensure(kafka)).rejects.toThrow('TOPIC_AUTHORIZATION_FAILED');
  });
});
