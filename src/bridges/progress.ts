/** How far this process has read, and when it last saw a sign of life. */
import type { PartitionState } from './observer.js';
import type { Signs } from './watchdog.js';

interface Place {
  next: bigint;
  deliveredAt: number;
  resumedAt: number;
  watermark: bigint | undefined;
  settledAt: number;
}

export class Progress {
  /** By topic, generation and partition: the offset after the last one read, in any term. */
  readonly #reached = new Map<string, bigint>();
  /** By topic and partition, since the last assignment. */
  readonly #places = new Map<string, Place>();
  #aliveAt = clockMs();

  /** A new assignment. */
  begin(): void {
    this.#places.clear();
    this.alive();
  }

  /** The broker answered. */
  alive(): void {
    this.#aliveAt = clockMs();
  }

  resumed(topic: string, partition: number): void {
    const place = this.#places.get(placeOf(topic, partition));
    if (place !== undefined) place.resumedAt = clockMs();
  }

  delivered(topic: string, generation: string, partition: number, next: bigint): void {
    this.#reached.set(`${topic}#${generation}/${String(partition)}`, next);
    const now = clockMs();
    const known = this.#places.get(placeOf(topic, partition));
    const before = known ?? { resumedAt: now, watermark: undefined, settledAt: now };
    this.#places.set(placeOf(topic, partition), { ...before, next, deliveredAt: now });
  }

  /** The offset after the last one that this process read of this incarnation. */
  reached(topic: string, generation: string, partition: number): bigint | undefined {
    return this.#reached.get(`${topic}#${generation}/${String(partition)}`);
  }

  /** The offset to be delivered next in this assignment. */
  expected(topic: string, partition: number): bigint | undefined {
    return this.#places.get(placeOf(topic, partition))?.next;
  }

  /** Signs of life of the assigned partitions; `ends` are the ends of their logs, by place. */
  signs(partitions: readonly PartitionState[], ends: ReadonlyMap<string, bigint>): Signs {
    const now = clockMs();
    return {
      consumerAt: this.#aliveAt,
      partitions: partitions.map(({ topic, partition, paused, unsettled, watermark }) => {
        const key = placeOf(topic, partition);
        const place = this.#places.get(key) ?? {
          ...{ next: watermark ?? 0n, deliveredAt: now, resumedAt: now },
          ...{ watermark, settledAt: now },
        };
        this.#places.set(key, place);
        if (place.watermark !== watermark) {
          place.watermark = watermark;
          place.settledAt = now;
        }
        const { next, deliveredAt, resumedAt, settledAt } = place;
        const logEnd = ends.get(key) ?? next;
        return {
          ...{ topic, partition, next, logEnd, paused, deliveredAt, resumedAt },
          ...{ unsettled, settledAt },
        };
      }),
    };
  }
}

/** One text per partition, for maps. */
export function placeOf(topic: string, partition: number): string {
  return `${topic}/${String(partition)}`;
}

/** Whole milliseconds of a clock that never steps back. */
export function clockMs(): number {
  return Math.floor(performance.now());
}
