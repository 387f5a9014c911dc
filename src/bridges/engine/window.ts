/**
 * One partition of one assignment: what was delivered, what waits, and whether it may bring more.
 *
 * B5 A partition is paused above its window (records, bytes or span) and resumed below half of it,
 *    so that memory is bounded and kafkajs, which throws away what it fetched for a paused
 *    partition, does not thrash.
 * B6 What has waited for a while keeps its own bytes only, and not the fetch that it came with: so
 *    the memory of what waits is what the window counts.
 */
import type { Assignment } from './engine-ports.js';
import type { PartitionState } from './observer.js';
import { OffsetTracker } from './offsets.js';
import { keepOwn } from './own-bytes.js';
import { laneOf } from '../matching/command.js';
import type { KafkaRecord } from '../matching/record.js';
import type { Decision } from '../matching/route.js';

export interface WindowLimits {
  readonly records: number;
  readonly bytes: number;
  readonly span: number;
  /** When one lane holds it up. */
  readonly heldUp: {
    /** It is full to this part, */
    readonly full: number;
    /** done to this part, but for what waits in that lane, */
    readonly done: number;
    /** and the lane has not got on for so long, ms. */
    readonly forMs: number;
  };
}

interface Entered {
  readonly record: KafkaRecord;
  readonly decisions: readonly Decision[];
}

export class PartitionWindow {
  readonly topic: string;
  readonly generation: string;
  readonly partition: number;
  readonly epoch: number;
  /** Settled before this assignment. */
  readonly done: Assignment['done'];
  readonly #from: bigint | undefined;
  readonly offsets = new OffsetTracker();
  readonly #limits: WindowLimits;
  /** The records that some route wants and that are not settled; ascending. */
  readonly #open = new Map<bigint, Entered>();
  /** B6: below the first all is copied; below the second all has waited since the last look. */
  #copied = 0n;
  #seen = 0n;
  #bytes = 0;
  paused = false;
  /** What was committed last in this epoch. */
  committed: bigint | undefined;
  /** What was committed with it. */
  metadata = '';
  /** The end of the partition, where it is known. */
  #highWatermark: bigint | undefined;
  /** When the last record that was decided on was written, ms since the epoch. */
  #arrivedMs: number | undefined;
  /** What was fetched and cannot be decided on yet, batch by batch, in their order. */
  readonly #waiting = new Set<readonly KafkaRecord[]>();

  constructor(assignment: Assignment, epoch: number, limits: WindowLimits) {
    this.topic = assignment.topic;
    this.generation = assignment.generation;
    this.partition = assignment.partition;
    this.done = assignment.done;
    this.#from = assignment.from;
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

  /** `records` were fetched, but something is away that deciding on them needs. */
  wait(records: readonly KafkaRecord[], highWatermark: bigint | undefined): void {
    if (records.length > 0) this.#waiting.add(records);
    if (highWatermark !== undefined) this.learnEnd(highWatermark);
  }

  /** `records` are decided on; those that were in `wait` do not wait any more. */
  arrive(records: readonly KafkaRecord[], highWatermark: bigint | undefined): void {
    this.#waiting.delete(records);
    this.#highWatermark = highWatermark;
    const last = records.at(-1);
    if (last !== undefined) this.#arrivedMs = Number(last.timestamp);
  }

  /** Where the partition ends, by another way than a fetch: while none is made. */
  learnEnd(end: bigint): void {
    const isFetched = !this.paused && this.#waiting.size === 0 && this.#highWatermark !== undefined;
    if (!isFetched && end > (this.#highWatermark ?? -1n)) this.#highWatermark = end;
  }

  /** True when everything before `offset` was delivered, in this assignment or before it. */
  hasReached(offset: bigint): boolean {
    if (this.#from === undefined) return true;
    const { next = this.#from } = this.offsets;
    return next > offset || this.#from > offset;
  }

  /** A record that some route wants. */
  enter(offset: bigint, record: KafkaRecord, decisions: readonly Decision[] = []): void {
    this.#open.set(offset, { record, decisions });
  }

  leave(offset: bigint): void {
    this.#open.delete(offset);
  }

  /** B6: copies what has waited since the last call. Call it every second or so. */
  keepWaiting(): void {
    for (const [offset, { record }] of this.#open) {
      if (offset >= this.#seen) break;
      if (offset >= this.#copied) keepOwn(record);
    }
    this.#copied = this.#seen;
    this.#seen = this.offsets.next ?? 0n;
  }

  state(): PartitionState {
    const watermark = this.offsets.watermark() ?? this.#from;
    const oldest = watermark === undefined ? undefined : this.#open.get(watermark);
    const { topic, partition, paused } = this;
    const highWatermark = this.#highWatermark;
    const waiting = [...this.#waiting];
    // What waits in Kafka is about as old as the last that came.
    const isBehind = (highWatermark ?? 0n) > (watermark ?? highWatermark ?? 0n);
    const [first = { timestamp: this.#arrivedMs }] = waiting[0] ?? [];
    const waitingMs =
      isBehind && first.timestamp !== undefined ? Number(first.timestamp) : undefined;
    return {
      ...{ topic, partition, paused, watermark, highWatermark },
      ...{ waits: waiting.length > 0, metadataBytes: this.metadata.length },
      unsettled: this.offsets.unsettled + waiting.reduce((sum, { length }) => sum + length, 0),
      bytes: this.#bytes,
      span: Number(this.offsets.span),
      fill: this.#fill(),
      oldestUnsettledMs: oldest === undefined ? waitingMs : Number(oldest.record.timestamp),
      headLanes: oldest === undefined ? [] : lanesOf(oldest),
    };
  }

  isFull(): boolean {
    return this.#fill() >= 1;
  }

  isNearlyFull(): boolean {
    return this.#fill() >= this.#limits.heldUp.full;
  }

  /** True when a lane that waits with `count` of its records, since `forMs`, holds it up. */
  isHeldUpBy(count: number, forMs: number): boolean {
    const { done, forMs: longMs } = this.#limits.heldUp;
    const others = this.offsets.unsettled - count;
    const isDone = others <= (1 - done) * Number(this.offsets.span);
    return isDone && forMs >= longMs && this.isNearlyFull();
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

/** Where it waits, or waited, to be sent. */
function lanesOf({ decisions }: Entered): string[] {
  const lanes = decisions.flatMap((one) => (one.kind === 'dispatch' ? [laneOf(one.command)] : []));
  return [...new Set(lanes)];
}
