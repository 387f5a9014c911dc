/**
 * What a workflow accepted lately, by the identity that a producer gave it. Pure.
 *
 * I9 A fact under its producer's own id is accepted once, at however many places it is published,
 *    while it is among the newest that were accepted.
 *
 * The identities themselves are kept: a hash that collides would lose an event, which is worse than
 * one that acts twice. Repetitions come soon: of a producer that did not hear its answer, within
 * seconds; of an outbox whose connector crashed, from the last minute (Kafka Connect notes how far it
 * is every 60 s). 1,000 is 16 events of one workflow in each second of it, and five full signals; an
 * id of 36 characters leaves 27 for its type. It is at most 64 KB of what a run hands to the next.
 */

/** Identities, and their characters together. */
const recentMax = 1_000;
const charsMax = 64_000;
/** A longer one is not remembered: it would take the place of too many. */
const longest = 1_000;

export class RecentIds {
  readonly #known: Set<string>;
  /** Oldest first, from `#first` on. */
  #order: string[];
  #first = 0;
  #chars = 0;

  constructor(carried: readonly string[] = []) {
    this.#order = [...carried];
    this.#known = new Set(carried);
    for (const identity of carried) this.#chars += identity.length;
  }

  has(identity: string): boolean {
    return this.#known.has(identity);
  }

  /** Remembers `identity`, for as long as it is not the oldest of too many. */
  add(identity: string): void {
    if (identity.length > longest || this.#known.has(identity)) return;
    this.#known.add(identity);
    this.#order.push(identity);
    this.#chars += identity.length;
    while (this.#known.size > recentMax || this.#chars > charsMax) this.#forgetOldest();
  }

  /** Oldest first. */
  state(): readonly string[] {
    return this.#order.slice(this.#first);
  }

  #forgetOldest(): void {
    const oldest = this.#order[this.#first] ?? '';
    this.#first += 1;
    this.#known.delete(oldest);
    this.#chars -= oldest.length;
    if (this.#first < recentMax) return;
    this.#order = this.#order.slice(this.#first);
    this.#first = 0;
  }
}
