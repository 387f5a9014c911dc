/** What the engine knows of the world, and what the world may know of the engine. */
import type { TemporalPort } from './request-executor.js';
import type { DeadLetter } from '../holding/dead-letters.js';
import type { HoldingStore } from '../holding/held.js';
import type { LimiterOptions } from './limiter.js';
import type { Observer } from './observer.js';
import type { KafkaRecord } from '../matching/record.js';
import type { RequestLimits } from './request.js';
import type { Decision } from '../matching/route.js';
import type { PartitionWindow, WindowLimits } from './window.js';

/** What became of one record under one route. */
export interface Outcome {
  readonly record: KafkaRecord;
  readonly route: string;
  readonly kind:
    | 'started'
    | 'signalled'
    | 'updated'
    | 'cancelled'
    | 'ran'
    | 'ignored'
    | 'parked'
    | 'dead-lettered';
  readonly reason?: string;
  readonly workflowId?: string;
  readonly eventType?: string;
}

/** All that the engine asks of the world. */
export interface EnginePorts extends TemporalPort {
  /** The consumer group. */
  readonly groupId: string;
  decide(record: KafkaRecord): readonly Decision[];
  /**
   * For each of these held records: false where something is missing that deciding on it needs, which
   * begins to be loaded; a later turn asks again. Absent: nothing is needed. Records that were
   * delivered come prepared.
   */
  prepare?(records: readonly KafkaRecord[]): readonly boolean[];
  /** Resolves once the broker has acknowledged the dead letter. */
  publishDeadLetter(letter: DeadLetter): Promise<void>;
  /** Where records are held; without it none can be parked or redriven. */
  readonly store?: HoldingStore;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  sleep(ms: number): Promise<void>;
  random(): number;
  /** Milliseconds since some moment, never stepping back. */
  now(): number;
  /** Milliseconds since the epoch. */
  clock(): number;
  halt(cause: string): void;
  /** Somebody else has claimed the partitions: the group must be joined anew. */
  lost(): void;
  readonly observer: Observer;
}

export interface EngineLimits {
  readonly request: RequestLimits;
  readonly window: WindowLimits;
  readonly inFlight: LimiterOptions;
  /** Updates that wait for their workflow's answer, at once. */
  readonly updates: number;
  /** Lists that one activity runs at once: what comes meanwhile goes out together. */
  readonly runs: number;
  /** Events that one activity runs singly at once. */
  readonly singles: number;
  /** Closed runs that are asked at once what they had seen. */
  readonly questions: number;
}

export const defaultLimits: EngineLimits = {
  request: { events: 200, bytes: 256 * 1024 },
  window: {
    ...{ records: 5_000, bytes: 16 * 1024 * 1024, span: 50_000 },
    heldUp: { full: 0.9, done: 0.98, forMs: 30_000 },
  },
  inFlight: { floor: 2, start: 8, ceiling: 256 },
  updates: 64,
  runs: 4,
  singles: 64,
  questions: 64,
};

/** A partition that this bridge has been given. */
export interface Assignment {
  readonly topic: string;
  readonly generation: string;
  readonly partition: number;
  /** Where reading begins: the committed offset, or the start of the log. Absent: not known. */
  readonly from?: bigint;
  /** Offsets at or above the committed one that were settled before. */
  readonly done?: { has(offset: bigint): boolean };
}

/** Records of one partition, as they were fetched. */
export interface Delivery {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  /** The offset after the batch, control records included. */
  readonly next: bigint;
  /** The end of the partition, where it is known. */
  readonly highWatermark?: bigint;
}

/** What can be committed. */
export interface Release {
  readonly window: PartitionWindow;
  /** The next offset to read after a restart. */
  readonly offset: bigint;
}
