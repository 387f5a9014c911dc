/**
 * Where one assigned partition is read. Pure.
 *
 * R1 Reading is continuous: a batch is taken only if it was fetched from where the last one ended,
 *    whatever kafkajs believes its position to be. Anything else was fetched for another
 *    assignment, and the partition is read again from where it should be. The cursor moves on only
 *    past what was handed over.
 * R2 Batches without records (only control or aborted ones) say where they end, not where they were
 *    fetched. They move the cursor on if they follow it; if they come from beyond it, only after a
 *    second reading has found nothing in between either (compaction).
 */
import type { PartitionState } from '../engine/observer.js';
import type { Assignment } from './starting-point.js';
import type { PartitionSigns } from './watchdog.js';

export class PartitionCursor {
  readonly topic: string;
  readonly partition: number;
  readonly generation: string;
  /** The offset to be read next. */
  next: bigint;
  /** The end of the log when it was last asked for. */
  logEnd = 0n;
  /** The engine has enough of it. */
  full = false;
  #deliveredAt: number;
  #resumedAt: number;
  #settledAt: number;
  #watermark: bigint | undefined;
  #doubted: bigint | undefined;

  constructor({ topic, partition, generation, from }: Assignment, now: number) {
    this.topic = topic;
    this.partition = partition;
    this.generation = generation;
    this.next = from;
    this.#deliveredAt = now;
    this.#resumedAt = now;
    this.#settledAt = now;
  }

  /** R1. True for a batch that ends before `next`; false: it is to be read again from here. */
  continues(fetchedFrom: bigint, next: bigint): boolean {
    return fetchedFrom === this.next && next > fetchedFrom;
  }

  /** R1. Everything before `next` was handed over. */
  moveTo(next: bigint, now: number): void {
    this.next = next;
    this.#deliveredAt = now;
    this.#doubted = undefined;
  }

  /** R2. `first` is absent where compaction left nothing at all. False: as for `continues`. */
  passOver(first: bigint | undefined, next: bigint, now: number): boolean {
    if (next <= this.next) return true;
    const follows = (first ?? next - 1n) <= this.next;
    if (!follows && this.#doubted !== this.next) {
      this.#doubted = this.next;
      return false;
    }
    this.moveTo(next, now);
    return true;
  }

  resumed(now: number): void {
    this.#resumedAt = now;
  }

  /** Signs of life, with what the engine says of the partition. */
  signs({ paused, unsettled, watermark }: PartitionState, now: number): PartitionSigns {
    if (this.#watermark !== watermark || unsettled === 0) {
      this.#watermark = watermark;
      this.#settledAt = now;
    }
    return {
      ...{ topic: this.topic, partition: this.partition, next: this.next, logEnd: this.logEnd },
      ...{ paused, unsettled, deliveredAt: this.#deliveredAt, resumedAt: this.#resumedAt },
      settledAt: this.#settledAt,
    };
  }
}

/** One text per partition, for maps. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${String(partition)}`;
}
