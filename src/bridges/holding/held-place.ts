/**
 * Where records stand in what is held of their partition. Pure.
 *
 * Within one generation of the topic offsets say who is before whom. Between generations, whose
 * offsets cannot be compared, it is the order in which the first of each was held: a record of a topic
 * that was created again comes after all that is held of the one before it.
 */
import type { PartitionId } from './held.js';

export interface HeldPlace {
  /** Of the generation, among those of its partition of which something was held. */
  readonly rank: number;
  readonly offset: bigint;
}

type Located = PartitionId & { readonly offset: string };

/** True when `one` comes before `other`, of the same partition. */
export function isBefore(one: HeldPlace, other: HeldPlace): boolean {
  return one.rank === other.rank ? one.offset < other.offset : one.rank < other.rank;
}

export class HeldPlaces {
  readonly #ranks = new Map<string, number>();

  /** Forgets all generations. */
  clear(): void {
    this.#ranks.clear();
  }

  /** The place of `held`, which is held from now on. */
  enter(held: Located): HeldPlace {
    const generation = generationKey(held);
    if (!this.#ranks.has(generation)) this.#ranks.set(generation, this.#ranks.size);
    return this.of(held);
  }

  /** The place of `one`; of a generation of which nothing was held, it is after all others. */
  of(one: Located): HeldPlace {
    const rank = this.#ranks.get(generationKey(one)) ?? Infinity;
    return { rank, offset: BigInt(one.offset) };
  }
}

function generationKey({ topic, generation, partition }: PartitionId): string {
  return `${topic}/${String(partition)}#${generation}`;
}
