/**
 * Which command may go next: serial per lane, fair between lanes and between groups of lanes.
 *
 * B3 A lane has at most one request in flight, and its items leave in the order they came.
 * B4 A lane that waits or fails holds up no other lane.
 *
 * A lane stands in the group of its head: groups have limits of their own, and a group may bundle
 * the heads of many lanes into one request.
 */
interface Lane<Item> {
  items: Item[];
  busy: boolean;
}

/** What was taken of one lane. */
export interface Taken<Item> {
  readonly lane: string;
  readonly items: readonly Item[];
}

/** Queues by lane. A lane exists only while it holds something or is busy. */
export class Lanes<Item> {
  readonly #lanes = new Map<string, Lane<Item>>();
  /** By group: lanes that have items and no request in flight, oldest first. */
  readonly #ready = new Map<string, Set<string>>();
  readonly #groupOf: (item: Item) => string;
  #queued = 0;

  constructor(groupOf: (item: Item) => string) {
    this.#groupOf = groupOf;
  }

  /** Items waiting, in all lanes together; those in flight are not counted. */
  get queued(): number {
    return this.#queued;
  }

  /** Lanes with something waiting or in flight. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Groups in which something may go, the one longest without a turn first. */
  get groups(): string[] {
    return [...this.#ready.keys()];
  }

  push(id: string, item: Item): void {
    const lane = this.#lanes.get(id) ?? { items: [], busy: false };
    this.#lanes.set(id, lane);
    lane.items.push(item);
    this.#queued += 1;
    if (!lane.busy && lane.items.length === 1) this.#await(id, item);
  }

  /**
   * Takes from the lanes of `group` that have waited longest, and marks each busy, until `size`
   * says 0. `size` is told the items of a lane and says how many of them go along.
   */
  take(group: string, size: (items: readonly Item[]) => number): Taken<Item>[] {
    const ready = this.#ready.get(group);
    if (ready === undefined) return [];
    const taken: Taken<Item>[] = [];
    for (const id of ready) {
      const lane = this.#lanes.get(id);
      const count = lane === undefined ? 0 : size(lane.items);
      if (lane === undefined || count === 0) break;
      ready.delete(id);
      lane.busy = true;
      taken.push({ lane: id, items: lane.items.splice(0, count) });
      this.#queued -= count;
    }
    // The next turn is another group's.
    this.#ready.delete(group);
    if (ready.size > 0) this.#ready.set(group, ready);
    return taken;
  }

  /** What waits in lane `id`, in its order. */
  waiting(id: string): readonly Item[] {
    return this.#lanes.get(id)?.items ?? [];
  }

  /** Forgets `items`, which wait in lane `id`, while the lane is busy. */
  remove(id: string, items: ReadonlySet<Item>): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined || items.size === 0) return;
    const kept = lane.items.filter((item) => !items.has(item));
    this.#queued -= lane.items.length - kept.length;
    lane.items = kept;
  }

  /** The request of lane `id` is over: the lane may go on, with `back` before what waits. */
  done(id: string, back: readonly Item[] = []): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    lane.busy = false;
    lane.items.unshift(...back);
    this.#queued += back.length;
    const [head] = lane.items;
    if (head === undefined) this.#lanes.delete(id);
    else this.#await(id, head);
  }

  /** Forgets waiting items that `stale` names; what is in flight stays in flight. */
  drop(stale: (item: Item) => boolean): void {
    for (const [id, lane] of this.#lanes) {
      const kept = lane.items.filter((item) => !stale(item));
      if (kept.length === lane.items.length) continue;
      this.#queued -= lane.items.length - kept.length;
      lane.items = kept;
      if (lane.busy) continue;
      for (const ready of this.#ready.values()) ready.delete(id);
      const [head] = kept;
      if (head === undefined) this.#lanes.delete(id);
      else this.#await(id, head);
    }
    for (const [group, ready] of this.#ready) if (ready.size === 0) this.#ready.delete(group);
  }

  #await(id: string, head: Item): void {
    const group = this.#groupOf(head);
    const ready = this.#ready.get(group) ?? new Set();
    this.#ready.set(group, ready.add(id));
  }
}
