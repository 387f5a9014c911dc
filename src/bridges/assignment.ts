/**
 * Shell: what a bridge must know before it takes its partitions over: where the group stands, which
 * incarnation of each topic it is, and what the log still holds.
 */
import type { Admin, Cluster } from 'kafkajs';
import { startingPoint, type StartingPoint } from './starting-point.js';
import { topicsOf } from './topic-identity.js';

/** As kafkajs tells it: partitions by topic. */
export type MemberAssignment = Readonly<Record<string, readonly number[]>>;

export interface AssignmentQuestion {
  readonly admin: Admin;
  readonly cluster: Cluster;
  readonly groupId: string;
  /** Of topics whose own identity is not known. */
  readonly generation: string;
  /** The offset after the last that this process read, where it did. */
  readonly reached: (topic: string, generation: string, partition: number) => bigint | undefined;
}

/**
 * Where to begin, for every assigned partition.
 * @throws KafkaJSError for reasons of the moment.
 */
export async function startingPoints(
  assigned: MemberAssignment,
  { admin, cluster, groupId, generation: fallback, reached }: AssignmentQuestion,
): Promise<readonly StartingPoint[]> {
  const topics = Object.keys(assigned).filter((topic) => (assigned[topic] ?? []).length > 0);
  if (topics.length === 0) return [];
  const [identities, committed, ...ends] = await Promise.all([
    topicsOf(cluster, topics),
    admin.fetchOffsets({ groupId, topics }),
    ...topics.map((topic) => admin.fetchTopicOffsets(topic)),
  ]);
  return topics.flatMap((topic, index) => {
    const generation = identities.find(({ name }) => name === topic)?.id ?? fallback;
    const commits = committed.find((one) => one.topic === topic)?.partitions ?? [];
    return (assigned[topic] ?? []).map((partition) => {
      const end = ends[index]?.find((one) => one.partition === partition);
      const commit = commits.find((one) => one.partition === partition);
      const read = reached(topic, generation, partition);
      return startingPoint({
        ...{ topic, generation, partition },
        committed:
          commit === undefined || BigInt(commit.offset) < 0n
            ? undefined
            : { offset: BigInt(commit.offset), metadata: commit.metadata },
        logStart: BigInt(end?.low ?? 0),
        logEnd: BigInt(end?.high ?? 0),
        ...(read === undefined ? {} : { reached: read }),
      });
    });
  });
}
