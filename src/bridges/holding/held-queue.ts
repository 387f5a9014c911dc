/**
 * What keeps its place in one queue of a partition, in its order. Pure.
 *
 * A queue may be long, since what is held is settled and no window bounds it: tens of thousands may
 * wait behind one dead letter, and each event that comes asks who is first.
 */
import type { HeldNote } from './held.js';
import { type HeldPlace, isBefore } from './held-place.js';

interface Placed {
  readonly place: HeldPlace;
}

/** True for what keeps its place in its queue: all but a dead letter that is skipped. */
export function isOrdered({ state, blocks }: HeldNote): boolean {
  return blocks || state === 'behind' || state === 'waiting';
}

export class HeldQueue<T extends Placed> {
  /** Ascending; what is at one place, by several routes, in the order in which it came. */
  #all: T[] = [];
  /** Those before it are gone. */
  #head = 0;

  get first(): T | undefined {
    return this.#all[this.#head];
  }

  add(one: T): void {
    const last = this.#all.at(-1);
    // Records come in their order, but for what is read again.
    if (last === undefined || !isBefore(one.place, last.place)) this.#all.push(one);
    else
      this.#all.splice(
        this.#search(({ place }) => isBefore(one.place, place)),
        0,
        one,
      );
  }

  remove(one: T): void {
    const from = this.#search(({ place }) => !isBefore(place, one.place));
    const at = this.#all.indexOf(one, from);
    if (at === this.#head) this.#removeFirst();
    else if (at > 0) this.#all.splice(at, 1);
  }

  /** Those before `place`, in their order. */
  *before(place: HeldPlace): Iterable<T> {
    for (let at = this.#head; ; at += 1) {
      const one = this.#all[at];
      if (one === undefined || !isBefore(one.place, place)) return;
      yield one;
    }
  }

  #removeFirst(): void {
    this.#head += 1;
    // Amortised: the array is cut only when at least half of it is gone.
    if (this.#head * 2 < this.#all.length) return;
    this.#all = this.#all.slice(this.#head);
    this.#head = 0;
  }

  /** Where the first is that `fits`, as all do that come after it. */
  #search(fits: (one: T) => boolean): number {
    let [low, high] = [this.#head, this.#all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const one = this.#all[middle];
      if (one === undefined || fits(one)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
