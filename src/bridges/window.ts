/**
 * One partition of one assignment: what was delivered, what waits, and whether it may bring more.
 *
 * B5 A partition is paused above its window (records, bytes or span) and resumed below half of it,
 *    so that memory is bounded and kafkajs, which throws away what it fetched for a paused
 *    partition, does not thrash.
 */
import { OffsetTracker } from './offsets.js';

export interface WindowLimits {
  readonly records: number;
  readonly bytes: number;
  readonly span: number;
}

export class PartitionWindow {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly offsets = new OffsetTracker();
  readonly #limits: WindowLimits;
  #bytes = 0;
  paused = false;
  /** What was committed last in this epoch. */
  committed: bigint | undefined;

  constructor(topic: string, partition: number, epoch: number, limits: WindowLimits) {
    this.topic = topic;
    this.partition = partition;
    this.epoch = epoch;
    this.#limits = limits;
  }

  /** Bytes of the records that are not settled. */
  get bytes(): number {
    return this.#bytes;
  }

  deliver(offset: bigint, bytes: number): boolean {
    if (!this.offsets.deliver(offset)) return false;
    this.#bytes += bytes;
    return true;
  }

  settle(offset: bigint, bytes: number): void {
    this.offsets.settle(offset);
    this.#bytes -= bytes;
  }

  isFull(): boolean {
    return this.#fill() >= 1;
  }

  isEasy(): boolean {
    return this.#fill() < 0.5;
  }

  #fill(): number {
    return Math.max(
      this.offsets.unsettled / this.#limits.records,
      this.#bytes / this.#limits.bytes,
      Number(this.offsets.span) / this.#limits.span,
    );
  }
}
