/**
 * What the bridge tells whoever watches it (metrics, logs, a live view), and what it answers when
 * asked how it stands. Observers must not throw, and are told only what has become true.
 */
import type { Outcome } from './engine-ports.js';

export interface Observer {
  /** A decision is durable. */
  decided(outcome: Outcome): void;
  /** Records of `topic` that no route wanted: the most frequent decision, told by the batch. */
  ignored(topic: string, reason: string, count: number): void;
  /** A request was answered; `events` went with it. */
  sent(request: { readonly kind: string; readonly events: number }, latencyMs: number): void;
  /** Something is tried again; `attempt` counts from 1, `code` is the cause in one word. */
  retrying(
    what: string,
    cause: { readonly scope: 'lane' | 'all'; readonly cause: string; readonly code: string },
    attempt: number,
  ): void;
  /** A new assignment of so many partitions. */
  assigned(partitions: number): void;
  /** Nothing of this partition was settled for so long, though something waits. */
  stuck(topic: string, partition: number, forMs: number): void;
  /** The broker has not taken a commit of offsets; what it said is committed with the next. */
  commitRefused(): void;
  /** A record waits for a workflow that does not run, and most of its time is over. */
  expiring(workflowId: string, deadlineMs: number): void;
}

const nothing = (): void => undefined;

/** Tells nobody. */
export const silent: Observer = {
  decided: nothing,
  ignored: nothing,
  sent: nothing,
  retrying: nothing,
  assigned: nothing,
  stuck: nothing,
  commitRefused: nothing,
  expiring: nothing,
};

/** Tells each of `observers`, in their order; each says only what it wants to hear. */
export function tellAll(observers: readonly Partial<Observer>[]): Observer {
  return {
    decided: (outcome) => {
      for (const one of observers) one.decided?.(outcome);
    },
    ignored: (topic, reason, count) => {
      for (const one of observers) one.ignored?.(topic, reason, count);
    },
    sent: (request, latencyMs) => {
      for (const one of observers) one.sent?.(request, latencyMs);
    },
    retrying: (what, cause, attempt) => {
      for (const one of observers) one.retrying?.(what, cause, attempt);
    },
    assigned: (partitions) => {
      for (const one of observers) one.assigned?.(partitions);
    },
    stuck: (topic, partition, forMs) => {
      for (const one of observers) one.stuck?.(topic, partition, forMs);
    },
    commitRefused: () => {
      for (const one of observers) one.commitRefused?.();
    },
    expiring: (workflowId, deadlineMs) => {
      for (const one of observers) one.expiring?.(workflowId, deadlineMs);
    },
  };
}

/** The engine at a glance; read when somebody asks. */
export interface EngineState {
  /** Requests. */
  readonly inFlight: number;
  /** How many requests may be in flight now. */
  readonly limit: number;
  /** Events that wait in lanes. */
  readonly queued: number;
  readonly lanes: number;
  /** True: the store has not said yet what is held of its partitions; none is delivered before. */
  readonly waitsForStore?: boolean;
  readonly partitions: readonly PartitionState[];
}

/** What keeps partitions that were given from being delivered, in words; undefined: nothing. */
export function standstillOf({ waitsForStore, partitions }: EngineState): string | undefined {
  if (waitsForStore === true) return 'waits for Postgres to say what is held of its partitions';
  const waiting = partitions.filter(({ waits }) => waits === true);
  if (waiting.length === 0) return undefined;
  const places = waiting.map(({ topic, partition }) => `${topic}/${String(partition)}`);
  return `waits for schemas: ${places.join(', ')}`;
}

/** One partition that this bridge has been given. */
export interface PartitionState {
  readonly topic: string;
  readonly partition: number;
  readonly paused: boolean;
  /** Records that were fetched, whether or not they could be decided on. */
  readonly unsettled: number;
  /** True: some were fetched that cannot be decided on yet, because something is away. */
  readonly waits?: boolean;
  readonly bytes: number;
  /** Offsets from the oldest unsettled record to the newest delivered one. */
  readonly span: number;
  /** The fullest of the window's three limits; 1: it is full. */
  readonly fill: number;
  /** The next offset that is not settled; undefined where it is not known where reading began. */
  readonly watermark: bigint | undefined;
  /** The end of the partition, as of the last fetch or, while none is made, as the brokers say. */
  readonly highWatermark: bigint | undefined;
  /**
   * The timestamp of the oldest record that is not settled, in ms since the epoch; where that was
   * not fetched yet, of the last one that was.
   */
  readonly oldestUnsettledMs: number | undefined;
  /** The lanes of the oldest record that is not settled: workflow ids, or effects and their keys. */
  readonly headLanes?: readonly string[];
  /** Of the last commit. */
  readonly metadataBytes?: number;
}
