/**
 * Which command may go next: serial per workflow id, fair between workflows.
 *
 * B3 A lane has at most one request in flight, and its items leave in the order they came.
 * B4 A lane that waits or fails holds up no other lane.
 */
interface Lane<Item> {
  items: Item[];
  busy: boolean;
}

/** Queues by workflow id. A lane exists only while it holds something or is busy. */
export class Lanes<Item> {
  readonly #lanes = new Map<string, Lane<Item>>();
  /** Lanes that have items and no request in flight, oldest first. */
  readonly #ready = new Set<string>();
  #queued = 0;

  /** Items waiting, in all lanes together; those in flight are not counted. */
  get queued(): number {
    return this.#queued;
  }

  push(id: string, item: Item): void {
    const lane = this.#lanes.get(id) ?? { items: [], busy: false };
    this.#lanes.set(id, lane);
    lane.items.push(item);
    this.#queued += 1;
    if (!lane.busy) this.#ready.add(id);
  }

  /**
   * Takes the next batch of the lane that has waited longest, and marks the lane busy. `size` says
   * how many of the lane's items (at least one) make one request.
   */
  take(size: (items: readonly Item[]) => number): { id: string; items: Item[] } | undefined {
    for (const id of this.#ready) {
      this.#ready.delete(id);
      const lane = this.#lanes.get(id);
      if (lane === undefined || lane.busy || lane.items.length === 0) continue;
      lane.busy = true;
      const items = lane.items.splice(0, Math.max(1, size(lane.items)));
      this.#queued -= items.length;
      return { id, items };
    }
    return undefined;
  }

  /** The request of lane `id` is over: the lane may go on. */
  done(id: string): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    lane.busy = false;
    if (lane.items.length > 0) this.#ready.add(id);
    else this.#lanes.delete(id);
  }

  /** Forgets waiting items that `stale` names; what is in flight stays in flight. */
  drop(stale: (item: Item) => boolean): void {
    for (const [id, lane] of this.#lanes) {
      const kept = lane.items.filter((item) => !stale(item));
      this.#queued -= lane.items.length - kept.length;
      lane.items = kept;
      if (kept.length > 0) continue;
      this.#ready.delete(id);
      if (!lane.busy) this.#lanes.delete(id);
    }
  }
}
