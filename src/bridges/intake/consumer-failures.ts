/**
 * Failures of the consumer, one after the other: how long it stays dead, and whether it would die
 * of the same again. Each costs the whole group two rebalances. Pure: the clock is an argument.
 *
 * D1 Whoever dies again without having read on rests before it comes back, longer each time.
 * D2 A partition that has more to read, and from whose next record on the consumer died again and
 *    again, holds something that cannot be read: nobody gets past it by trying, so that halts.
 * D3 What is known to pass (a broker that is away, a group in motion) is no reason to halt, however
 *    often.
 */
import { type PartitionCursor, partitionKey } from './partition-cursor.js';

/** So often at one place, and it will not be otherwise the next time. */
export const failuresMax = 6;
/** Whoever lived so long had a life, ms. */
const lifeMs = 60_000;
const restMs = { first: 500, most: 30_000 };

/** One partition when the consumer died. */
export type Reading = Pick<
  PartitionCursor,
  'topic' | 'generation' | 'partition' | 'next' | 'logEnd' | 'full'
>;

export interface RestartDecision {
  /** It may come back after so long. */
  readonly afterMs: number;
  /** D2, in words; absent: it may. */
  readonly hopeless?: string;
}

/** Where it stood, and of how many failures there that are not known to pass. */
interface PriorFailures {
  readonly next: bigint;
  readonly failures: number;
}

export class ConsumerFailures {
  /** By generation of a partition; those of other members' partitions are kept. */
  readonly #prior = new Map<string, PriorFailures>();
  #fruitless = 0;

  /** It died of `error` after `livedMs`, while it read `readings`. */
  died(error: unknown, readings: Iterable<Reading>, livedMs: number): RestartDecision {
    let hasMoved = livedMs > lifeMs;
    const stuck: Reading[] = [];
    for (const reading of readings) {
      const key = `${partitionKey(reading.topic, reading.partition)}#${reading.generation}`;
      const before = this.#prior.get(key);
      const isSame = before?.next === reading.next;
      if (before !== undefined && !isSame) hasMoved = true;
      const isStuck = reading.next < reading.logEnd && !reading.full && !passes(error);
      const failures = (isSame ? before.failures : 0) + (isStuck ? 1 : 0);
      this.#prior.set(key, { next: reading.next, failures });
      if (isStuck && failures >= failuresMax) stuck.push(reading);
    }
    this.#fruitless = hasMoved ? 0 : this.#fruitless + 1;
    const afterMs =
      this.#fruitless < 2 ? 0 : Math.min(restMs.most, restMs.first * 2 ** (this.#fruitless - 2));
    return stuck.length === 0 ? { afterMs } : { afterMs, hopeless: hopelessBy(error, stuck) };
  }
}

function hopelessBy(error: unknown, stuck: readonly Reading[]): string {
  const places = stuck.map(
    ({ topic, partition, next }) =>
      `${partitionKey(topic, partition)} from offset ${String(next)} on`,
  );
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return (
    `kafka: the consumer died ${String(failuresMax)} times of what cannot be read: ` +
    `${places.join(', ')}; the last time of ${reason}. Look at that batch (kafka-dump-log); to go ` +
    "on without it, stop the bridges and move the group's offset past it (kafka-consumer-groups " +
    '--reset-offsets)'
  );
}

/** The broker's words for what it cannot read itself. */
const unreadable = new Set(['CORRUPT_MESSAGE', 'KAFKA_STORAGE_ERROR', 'UNKNOWN']);
/** kafkajs does not call these retriable; the last is ours (`offset-reset.ts`). */
const passing = new Set([
  ...['KafkaJSGroupCoordinatorNotFound', 'KafkaJSTimeout', 'KafkaJSLockTimeout'],
  ...['KafkaJSSASLAuthenticationError', 'OffsetOutOfRange'],
]);

/** D3, by the cause of all causes: of kafkajs' errors, and of the broker's. */
function passes(error: unknown): boolean {
  let root = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  if (!(root instanceof Error)) return false;
  const { name, type, retriable } = root as Error & { type?: unknown; retriable?: unknown };
  if (typeof type === 'string') return !unreadable.has(type);
  return retriable === true || passing.has(name);
}
