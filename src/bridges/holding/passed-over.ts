/**
 * What is or will be passed over for one workflow. Pure.
 *
 * Every request to the workflow asks what is to be told with it, and every answer what waits for it, so
 * neither looks at all that is held.
 */
import { identityOf, type Skipped, skippedOf } from '../../workflows/index.js';
import type { HeldNote } from './held.js';
import type { HeldPlace } from './held-place.js';
import { isOrdered } from './held-queue.js';

/** What the engine remembers of one held record. */
export interface Remembered {
  note: HeldNote;
  readonly place: HeldPlace;
  /** The workflow knows that it is passed over. */
  announced: boolean;
  /** Since which look at the store it is there as it is here; `Infinity`: it is on its way. */
  durableSince: number;
}

/** True when an inbox has to remember that it is passed over, whatever passes it; H6 of `held-index.ts`. */
export function needsHole(note: HeldNote): boolean {
  const { event, queue } = note;
  return event !== undefined && !(isOrdered(note) && queue === event.workflowId);
}

export class PassedOver {
  readonly #all = new Set<Remembered>();
  /** Those that the inbox remembers, or has to. */
  readonly #holes = new Set<Remembered>();
  readonly #waiting = new Set<Remembered>();

  get size(): number {
    return this.#all.size;
  }

  get holes(): number {
    return this.#holes.size;
  }

  /** What waits for the workflow to run. */
  get waiting(): HeldNote[] {
    return [...this.#waiting].map(({ note }) => note);
  }

  /** It is held, or it changed. */
  put(one: Remembered): void {
    this.#all.add(one);
    if (one.announced || needsHole(one.note)) this.#holes.add(one);
    else this.#holes.delete(one);
    if (one.note.state === 'waiting') this.#waiting.add(one);
    else this.#waiting.delete(one);
  }

  remove(one: Remembered): void {
    for (const set of [this.#all, this.#holes, this.#waiting]) set.delete(one);
  }

  /** True when the fact of `event` is held, wherever it was published. */
  has(event: Skipped): boolean {
    const identity = identityOf(event);
    return [...this.#all].some(
      ({ note }) => note.event !== undefined && identityOf(note.event) === identity,
    );
  }

  /** What the workflow has not been told of; `all`: also of what needs no hole. */
  untold(all: boolean): Skipped[] {
    return [...(all ? this.#all : this.#holes)].flatMap(({ announced, note: { event } }) =>
      announced || event === undefined ? [] : [skippedOf(event)],
    );
  }

  /** The workflow was told of `skipped`. */
  told(skipped: readonly Skipped[]): void {
    // The same id may be held at several places.
    const places = new Set(skipped.map(placeKey));
    for (const one of this.#all) {
      const { event } = one.note;
      if (event === undefined || !places.has(placeKey(event))) continue;
      one.announced = true;
      this.put(one);
    }
  }
}

function placeKey({ id, position }: Skipped): string {
  return `${position.source} ${position.at} ${id}`;
}
