/**
 * Records set aside: dead letters, what waits for a workflow, and what waits behind them. The words
 * and the port; the store behind it is Postgres.
 *
 * H1 What is held is decided: its offset may be released, because the store is durable.
 * H2 Only the newest claim of a consumer group on a partition may hold or conclude anything of it: a
 *    bridge that lost the partition and does not know it yet is told `fenced`. Groups that read one
 *    topic know nothing of each other: each has its own claims, and its own rows of one record.
 * H3 Within one queue, what is held goes on in the order of its offsets.
 */
import type { Skipped } from '../../workflows/index.js';
import type { KafkaRecord } from '../matching/record.js';

/** What waits for what. */
export type HeldState =
  /** A dead letter: an operator redrives or discards it. */
  | 'dead'
  /** Waits for a workflow that does not run, until its deadline. */
  | 'waiting'
  /** Waits until the earlier ones of its queue are out of the way. */
  | 'behind'
  /** An operator asked for it to be tried again. */
  | 'redriving';

/** How it ended; the row stays as the memory of it. */
export type HeldEnd = 'redriven' | 'delivered' | 'discarded';

/** One record under one route: there is one row for it in a group, whatever happens how often. */
export interface HeldKey {
  readonly topic: string;
  readonly generation: string;
  readonly partition: number;
  readonly offset: string;
  /** `everyRoute` where the record was rejected before any route could see it. */
  readonly route: string;
}

/** What the engine remembers of a held record. */
export interface HeldNote extends HeldKey {
  readonly state: HeldState;
  /** What it waits in: the lane of its command, or the Kafka key where no command could be made. */
  readonly queue: string;
  /** True: the later events of its queue wait for it. */
  readonly blocks: boolean;
  /** The event, where one could be made, and the workflow that is told that it is passed over. */
  readonly event?: Skipped & { readonly workflowId: string };
  readonly reason: string;
  readonly detail: string;
  /** Milliseconds since the epoch; for what waits for a workflow, or may come to when it is tried. */
  readonly deadlineMs?: number;
}

/** A held record with everything that it takes to go on with it. */
export interface Held extends HeldNote {
  readonly record: KafkaRecord;
  /** What had been tried of it; absent where it was not asked for. */
  readonly failed?: Failures;
}

/** How a held record fared so far. */
export interface Failures {
  /** How often it was tried and did not go through. */
  readonly times: number;
  /** When that was so first, milliseconds since the epoch; absent while it was never tried. */
  readonly firstMs?: number;
}

export interface PartitionId {
  readonly topic: string;
  readonly generation: string;
  readonly partition: number;
}

/** A claim on partitions; newer claims fence older ones. */
export interface Claim {
  readonly token: string;
  /** What is held of the claimed partitions and has not ended. */
  readonly notes: readonly HeldNote[];
}

/** The store of held records. Every method rejects only for reasons of the moment. */
export interface HoldingStore {
  /** Takes partitions over from whoever had them in the consumer group `group`. */
  claim(group: string, partitions: readonly PartitionId[]): Promise<Claim>;
  /**
   * Holds records, all or none. A record that is held already stays as it is, also when it has
   * ended: those are answered with, since nothing waits for them. Resolves with `fenced` when the
   * claim on any of the partitions is not the newest.
   */
  hold(token: string, held: readonly Held[]): Promise<readonly HeldKey[] | 'fenced'>;
  /**
   * What should go on now, in order of offset per queue, at most `limit`: `waiting` whose next try or
   * deadline has come; `redriving` that does not block; of `behind` and of `redriving` that does,
   * those with nothing before them in their queue that blocks (`waiting`, or `dead` or `redriving`
   * that is said to); with how each fared so far. Resolves with `fenced` when the claim on any of
   * `partitions` is not the newest.
   */
  due(
    token: string,
    partitions: readonly PartitionId[],
    nowMs: number,
    limit: number,
  ): Promise<readonly Held[] | 'fenced'>;
  /** What is held of `partitions` and has not ended, or `fenced`, as for `due`. */
  open(token: string, partitions: readonly PartitionId[]): Promise<readonly HeldKey[] | 'fenced'>;
  /** What was tried again did not go through: its new state, and when to try next. */
  again(
    token: string,
    key: HeldKey,
    to: {
      readonly state: 'dead' | 'waiting';
      readonly reason: string;
      readonly detail: string;
      readonly nextTryMs?: number;
      /** Whether the later events of its queue wait for it from now on; default: as before. */
      readonly blocks?: boolean;
    },
  ): Promise<'held' | 'fenced'>;
  /**
   * What was discarded of the partitions of this claim, for `workflowId`, of which the workflow has
   * not been told that nothing comes of it; some hundreds at most.
   */
  discarded(token: string, workflowId: string): Promise<readonly HeldNote[]>;
  /** The workflows of `keys` know that they were discarded. */
  told(token: string, keys: readonly HeldKey[]): Promise<void>;
  /** It is over. */
  end(token: string, keys: readonly HeldKey[], how: HeldEnd): Promise<'held' | 'fenced'>;
}

/** One text per key, for maps. */
export function keyOf({ topic, generation, partition, offset, route }: HeldKey): string {
  return `${topic}#${generation}/${String(partition)}/${offset} ${route}`;
}

/** The key of `record` under `route`. */
export function heldKey(record: KafkaRecord, route: string): HeldKey {
  const { topic, generation, partition, offset } = record;
  return { topic, generation, partition, offset, route };
}

/** The queue of records that no command could be made of: their Kafka key's. */
export function keyQueue({ key }: KafkaRecord): string {
  return `key:${key === null ? '' : key.toString('base64')}`;
}
