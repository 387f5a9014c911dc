/** Shell: a consumer of the group, ready to run: connected, its stale members removed, subscribed. */
import type { Cluster, Consumer, ConsumerGroupJoinEvent, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { refuseOutdatedCommits } from './commit-fence.js';
import { registerCodecs } from './compression.js';
import { type ClusterConsumer, createClusterConsumer } from './consumer-cluster.js';
import { kafkaRefusal } from './kafka-refusal.js';
import type { ProcessIdentity } from './member.js';
import { refuseOffsetResets } from './offset-reset.js';
import { removeStaleMembers } from './stale-members.js';
import type { EmptyBatch } from './consumer-session.js';
import { existingTopics, missingTopics, subscribedTopics } from './subscription.js';
import type { TopicPattern } from '../matching/topic-pattern.js';

export interface GroupSettings {
  readonly groupId: string;
  readonly topics: readonly TopicPattern[];
  /** After a kill, the broker hands the partitions over when this has passed. */
  readonly sessionTimeoutMs: number;
  readonly self: ProcessIdentity;
}

/** New partitions are noticed at this age of what is known, ms. */
const metadataMaxAgeMs = 10_000;

export type GroupConsumer = ClusterConsumer;

/** kafkajs' own, beyond its types. */
interface CoordinatorFinder {
  findGroupCoordinator(of: { groupId: string; coordinatorType: number }): Promise<unknown>;
}

/** What a consumer tells of itself. */
export interface ConsumerSigns {
  /** The group has given out its partitions. Told before any of them is fetched. */
  joined(join: ConsumerGroupJoinEvent['payload']): void;
  /** The group gives its partitions out anew. */
  rebalancing(): void;
  /** A broker answered. */
  alive(): void;
  /** A batch of which nothing comes to the handler. */
  empty(batch: EmptyBatch): void;
  /** It does nothing any more. */
  died(error: Error): void;
}

/** A consumer that is not connected yet; it reads every kind of batch, whoever made its client. */
export function createConsumer(
  kafka: Kafka,
  { groupId, sessionTimeoutMs }: GroupSettings,
): GroupConsumer {
  registerCodecs();
  const made = createClusterConsumer(kafka, {
    groupId,
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: 30_000,
    heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
    // Each rebalance, resume and stop waits for the long poll to end; each poll costs the broker some
    // 2.5 ms of processor, whether or not it has anything to say.
    maxWaitTimeInMs: 250,
    minBytes: 1,
    maxBytesPerPartition: 1024 * 1024,
    metadataMaxAge: metadataMaxAgeMs,
    allowAutoTopicCreation: false,
    // A consumer that died is built anew by the intake, after a look at which topics there are.
    retry: { retries: 5, initialRetryTime: 200, restartOnFailure: () => Promise.resolve(false) },
  });
  refuseOffsetResets(made.cluster);
  refuseOutdatedCommits(made.cluster);
  return made;
}

/**
 * Connects and subscribes; the topics it will read. None: there is nothing to run it for yet.
 * @throws KafkaJSError for reasons of the moment; what `kafkaRefusal` knows where we are refused.
 */
export async function subscribe(
  { consumer, cluster }: GroupConsumer,
  { groupId, topics: patterns, self }: GroupSettings,
  log: Logger,
): Promise<readonly string[]> {
  await consumer.connect();
  const existing = await existingTopics(cluster, patterns);
  for (const topic of missingTopics(patterns, existing)) {
    log.warn({ topic }, 'this topic does not exist; it is read once it does');
  }
  const topics = subscribedTopics(patterns, existing);
  if (topics.length === 0) return [];
  await admitted(cluster, groupId);
  await removeStaleMembers(cluster, groupId, self, log);
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  return topics;
}

/** kafkajs keeps to itself why it finds no coordinator: a refusal is asked for. */
async function admitted(cluster: Cluster, groupId: string): Promise<void> {
  const nodeId = String(cluster.getNodeIds()[0]);
  const broker = (await cluster.findBroker({ nodeId })) as unknown as CoordinatorFinder;
  try {
    await broker.findGroupCoordinator({ groupId, coordinatorType: 0 });
  } catch (error) {
    if (kafkaRefusal(error) !== undefined) throw error;
  }
}

/** Tells `signs` what `consumer` tells. */
export function listen(consumer: Consumer, signs: ConsumerSigns): void {
  const { events } = consumer;
  consumer.on(events.GROUP_JOIN, ({ payload }) => {
    signs.joined(payload);
  });
  consumer.on(events.REBALANCING, () => {
    signs.rebalancing();
  });
  for (const event of [events.HEARTBEAT, events.FETCH] as const) {
    consumer.on(event, () => {
      signs.alive();
    });
  }
  consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize === 0) signs.empty(payload);
  });
  consumer.on(events.CRASH, ({ payload }) => {
    signs.died(payload.error);
  });
}
