/**
 * How far one partition is settled without a hole.
 *
 * B1 The watermark is the lowest offset not yet settled; everything below it is settled. Offsets
 *    never delivered (compaction, transaction markers) are gaps, and gaps are not waited for:
 *    there is nothing to do for them.
 * B2 Settling is idempotent, and settling an offset that is not tracked changes nothing.
 */
export class OffsetTracker {
  readonly #pending = new Map<bigint, boolean>();
  readonly #order: bigint[] = [];
  #head = 0;
  /** The offset after the last one delivered, control records included. */
  #next: bigint | undefined;
  #unsettled = 0;

  /** Records delivered and not settled. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** Distance between the watermark and the end of what was delivered: bounds the replay. */
  get span(): bigint {
    const watermark = this.watermark();
    return watermark === undefined || this.#next === undefined ? 0n : this.#next - watermark;
  }

  /** Records a delivered offset. Returns false when it was delivered before in this epoch. */
  deliver(offset: bigint): boolean {
    if (this.#next !== undefined && offset < this.#next) return false;
    this.#pending.set(offset, false);
    this.#order.push(offset);
    this.#next = offset + 1n;
    this.#unsettled += 1;
    return true;
  }

  /** Everything below `next` has been delivered: steps over control records and gaps at the end. */
  advance(next: bigint): void {
    if (this.#next === undefined || next > this.#next) this.#next = next;
  }

  /** Marks a delivered offset as decided durably. */
  settle(offset: bigint): void {
    if (this.#pending.get(offset) !== false) return;
    this.#pending.set(offset, true);
    this.#unsettled -= 1;
    this.#trim();
  }

  /** The offset to commit: the lowest unsettled one. Undefined before anything was delivered. */
  watermark(): bigint | undefined {
    return this.#order[this.#head] ?? this.#next;
  }

  #trim(): void {
    for (;;) {
      const offset = this.#order[this.#head];
      if (offset === undefined || this.#pending.get(offset) !== true) break;
      this.#pending.delete(offset);
      this.#head += 1;
    }
    // Amortised: the array is cut only when at least half of it is behind the head.
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
