/** Shell: creates topics on a broker that may be busy. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, ITopicConfig } from 'kafkajs';

/** A busy broker has a topic some moments before it hosts it, which kafkajs takes for a failure. */
const notYet = 'UNKNOWN_TOPIC_OR_PARTITION';
const attemptsMax = 20;

/** Creates `topics` and waits for their leaders. Another may create them at the same time. */
export async function createTopics(admin: Admin, topics: readonly ITopicConfig[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await admin.createTopics({ waitForLeaders: true, topics: [...topics] });
      return;
    } catch (error) {
      if (attempt >= attemptsMax || typeOf(error) !== notYet) throw error;
      await sleep(250);
      const existing = new Set(await admin.listTopics());
      if (topics.every(({ topic }) => existing.has(topic))) return;
    }
  }
}

function typeOf(error: unknown): unknown {
  return error instanceof Error && 'type' in error ? error.type : undefined;
}
