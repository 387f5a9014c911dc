/**
 * How far one partition is settled without a hole.
 *
 * B1 The watermark is the lowest offset not yet settled; everything below it is settled. Offsets
 *    never delivered (compaction, transaction markers) are gaps, and gaps are not waited for:
 *    there is nothing to do for them.
 * B2 Settling is idempotent, and settling an offset that is not tracked changes nothing.
 *
 * Only what is open is kept: most records of a busy topic match nothing, and cost a comparison.
 */
import type { Run } from '../intake/done-map.js';

export class OffsetTracker {
  /** Delivered and not settled; ascending, because a set keeps the order of its insertions. */
  readonly #open = new Set<bigint>();
  /** The offset after the last one delivered, control records included. */
  #next: bigint | undefined;
  // A set steps over all that was deleted from it to find its first.
  readonly #order: bigint[] = [];
  #head = 0;

  /** The offset after the last one delivered; undefined before anything was. */
  get next(): bigint | undefined {
    return this.#next;
  }

  /** Records delivered and not settled. */
  get unsettled(): number {
    return this.#open.size;
  }

  /** Distance between the watermark and the end of what was delivered: bounds the replay. */
  get span(): bigint {
    const watermark = this.watermark();
    return watermark === undefined || this.#next === undefined ? 0n : this.#next - watermark;
  }

  /** Records a delivered offset. Returns false when it was delivered before in this epoch. */
  deliver(offset: bigint): boolean {
    if (!this.pass(offset)) return false;
    this.#open.add(offset);
    this.#order.push(offset);
    return true;
  }

  /** As `deliver`, of a record that is settled at once. */
  pass(offset: bigint): boolean {
    if (this.#next !== undefined && offset < this.#next) return false;
    this.#next = offset + 1n;
    return true;
  }

  /** Everything below `next` has been delivered: steps over control records and gaps at the end. */
  advance(next: bigint): void {
    if (this.#next === undefined || next > this.#next) this.#next = next;
  }

  /** Marks a delivered offset as decided durably. */
  settle(offset: bigint): void {
    if (this.#open.delete(offset)) this.#trim();
  }

  /** The offset to commit: the lowest unsettled one. Undefined before anything was delivered. */
  watermark(): bigint | undefined {
    return this.#order[this.#head] ?? this.#next;
  }

  /** What is settled above the watermark, gaps included: there is nothing to do for them. */
  runs(): readonly Run[] {
    const runs: Run[] = [];
    let first: bigint | undefined;
    for (const offset of [...this.#open, this.#next]) {
      if (first !== undefined && offset !== undefined && offset > first) {
        runs.push({ first, last: offset - 1n });
      }
      if (offset !== undefined) first = offset + 1n;
    }
    return runs;
  }

  #trim(): void {
    for (;;) {
      const offset = this.#order[this.#head];
      if (offset === undefined || this.#open.has(offset)) break;
      this.#head += 1;
    }
    // Amortised: the array is cut only when at least half of it is behind the head.
    if (this.#head > 1024 && this.#head * 2 > this.#order.length) {
      this.#order.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
