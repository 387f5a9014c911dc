/**
 * Shell: what a bridge must know before it takes its partitions over: where the group stands, which
 * generation of each topic it is, and what the log still holds.
 */
import type { Cluster, TopicOffsets } from 'kafkajs';
import { partitionKey } from './partition-cursor.js';
import { startingPoint, type StartingPoint } from './starting-point.js';
import type { Topic } from './topic-identity.js';

/** As kafkajs tells it: partitions by topic. */
export type MemberAssignment = Readonly<Record<string, readonly number[]>>;

export interface AssignmentQuestion {
  readonly cluster: Cluster;
  readonly groupId: string;
  readonly topics: readonly Topic[];
  /** Of topics whose own identity is not known. */
  readonly generation: string;
  /** The offset after the last that this process read, where it did. */
  readonly reached: (topic: string, generation: string, partition: number) => bigint | undefined;
}

/** What `OffsetFetch` answers, beyond the types of kafkajs. */
type Committed = readonly {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: string;
    readonly metadata: string | null;
  }[];
}[];

/** The ends of a partition's log. */
export interface LogEnds {
  readonly start: bigint;
  /** The next offset to be written, or the first of an open transaction. */
  readonly end: bigint;
}

/**
 * Where to begin, for every assigned partition.
 * @throws KafkaJSError, or Error, for reasons of the moment.
 */
export async function startingPoints(
  assigned: MemberAssignment,
  { cluster, groupId, topics, generation: fallback, reached }: AssignmentQuestion,
): Promise<readonly StartingPoint[]> {
  const partitions = Object.entries(assigned).flatMap(([topic, numbers]) =>
    numbers.map((partition) => ({ topic, partition })),
  );
  const [ends, committed] = await Promise.all([
    logEnds(cluster, assigned),
    committedOf(cluster, groupId, assigned),
  ]);
  return partitions.map(({ topic, partition }) => {
    const known = topics.find(({ name }) => name === topic);
    const log = ends.get(partitionKey(topic, partition));
    if (known === undefined || log === undefined) {
      throw new Error(`kafka: ${partitionKey(topic, partition)} is assigned but not known yet`);
    }
    const generation = known.id ?? fallback;
    const commit = committed
      .find((one) => one.topic === topic)
      ?.partitions.find((one) => one.partition === partition);
    const read = reached(topic, generation, partition);
    return startingPoint({
      ...{ topic, generation, partition, logStart: log.start, logEnd: log.end },
      committed:
        commit === undefined || BigInt(commit.offset) < 0n
          ? undefined
          : { offset: BigInt(commit.offset), metadata: commit.metadata },
      ...(read === undefined ? {} : { reached: read }),
    });
  });
}

/**
 * Where the logs of these partitions begin and end, by partition.
 * @throws KafkaJSError for reasons of the moment.
 */
export async function logEnds(
  cluster: Cluster,
  assigned: MemberAssignment,
): Promise<ReadonlyMap<string, LogEnds>> {
  const ask = (fromBeginning: boolean): Promise<TopicOffsets[]> =>
    cluster.fetchTopicsOffset(
      Object.entries(assigned).map(([topic, numbers]) => ({
        ...{ topic, fromBeginning },
        partitions: numbers.map((partition) => ({ partition })),
      })),
    );
  const [starts, ends] = await Promise.all([ask(true), ask(false)]);
  const start = byPartition(starts);
  return new Map(
    [...byPartition(ends)].flatMap(([key, end]) => {
      const first = start.get(key);
      return first === undefined ? [] : [[key, { start: first, end }]];
    }),
  );
}

function byPartition(offsets: readonly TopicOffsets[]): Map<string, bigint> {
  return new Map(
    offsets.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }): [string, bigint] => [
        partitionKey(topic, partition),
        BigInt(offset),
      ]),
    ),
  );
}

async function committedOf(
  cluster: Cluster,
  groupId: string,
  assigned: MemberAssignment,
): Promise<Committed> {
  const coordinator = await cluster.findGroupCoordinator({ groupId });
  const topics = Object.entries(assigned).map(([topic, numbers]) => ({
    topic,
    partitions: numbers.map((partition) => ({ partition, offset: '' })),
  }));
  if (topics.length === 0) return [];
  const { responses } = await coordinator.offsetFetch({ groupId, topics });
  return responses as unknown as Committed;
}
