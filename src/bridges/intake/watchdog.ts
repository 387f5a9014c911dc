/**
 * Is anything stuck? Looks at what is known of the consumer and of its partitions. Pure: the clock
 * is an argument.
 *
 * D1 A consumer that shows no sign of life, or a partition that has more but brings nothing though
 *    nobody paused it, is taken up anew; for the same place in the same partition once only, since
 *    a second time would help no more.
 * D2 A partition in which nothing is settled is told of, never acted upon: what is unsettled may
 *    rightly take long, and giving it up would repeat it.
 */
export interface WatchdogLimits {
  /** Without a heartbeat and without an answer to a fetch. */
  readonly consumerSilentMs: number;
  /** With more to read and nothing delivered. */
  readonly partitionSilentMs: number;
  /** With something unsettled and nothing settled. */
  readonly unsettledMs: number;
}

/** All times in milliseconds of one clock. */
export interface PartitionSigns {
  readonly topic: string;
  readonly partition: number;
  /** The offset to be delivered next. */
  readonly next: bigint;
  /** The end of the log when it was last asked for. */
  readonly logEnd: bigint;
  readonly paused: boolean;
  readonly deliveredAt: number;
  readonly resumedAt: number;
  readonly unsettled: number;
  readonly settledAt: number;
}

export interface Signs {
  readonly consumerAt: number;
  readonly partitions: readonly PartitionSigns[];
}

export type Finding =
  | { readonly kind: 'consumer-silent'; readonly forMs: number }
  | {
      readonly kind: 'partition-silent' | 'nothing-settled';
      readonly topic: string;
      readonly partition: number;
      readonly at: bigint;
      readonly forMs: number;
    };

const watchdogLimits: WatchdogLimits = {
  consumerSilentMs: 45_000,
  partitionSilentMs: 30_000,
  unsettledMs: 120_000,
};

export class Watchdog {
  readonly #limits: WatchdogLimits;
  /** By kind and partition: the place or the moment for which it was told last. */
  readonly #told = new Map<string, bigint | number>();

  constructor(limits: WatchdogLimits = watchdogLimits) {
    this.#limits = limits;
  }

  /** What is stuck and was not told of before. */
  findings(signs: Signs, now: number): readonly Finding[] {
    const silentFor = now - signs.consumerAt;
    if (silentFor > this.#limits.consumerSilentMs) {
      return [{ kind: 'consumer-silent', forMs: silentFor }];
    }
    return signs.partitions.flatMap((partition) => [
      ...this.#silence(partition, now),
      ...this.#standstill(partition, now),
    ]);
  }

  #silence(signs: PartitionSigns, now: number): Finding[] {
    const forMs = now - Math.max(signs.deliveredAt, signs.resumedAt);
    const stuck =
      !signs.paused && signs.logEnd > signs.next && forMs > this.#limits.partitionSilentMs;
    return this.#once('partition-silent', signs, stuck, signs.next, forMs);
  }

  #standstill(signs: PartitionSigns, now: number): Finding[] {
    const forMs = now - signs.settledAt;
    const stuck = signs.unsettled > 0 && forMs > this.#limits.unsettledMs;
    return this.#once('nothing-settled', signs, stuck, signs.settledAt, forMs);
  }

  #once(
    kind: 'partition-silent' | 'nothing-settled',
    { topic, partition, next }: PartitionSigns,
    stuck: boolean,
    mark: bigint | number,
    forMs: number,
  ): Finding[] {
    const key = `${kind}/${topic}/${String(partition)}`;
    if (!stuck || this.#told.get(key) === mark) return [];
    this.#told.set(key, mark);
    return [{ kind, topic, partition, at: next, forMs }];
  }
}
