/** The windows of the partitions that are assigned; each is paused and resumed as B5 of `window.ts` has it. */
import type { Assignment, EnginePorts, Release } from './engine-ports.js';
import type { HeldKey } from '../holding/held.js';
import type { PartitionState } from './observer.js';
import { PartitionWindow, type WindowLimits } from './window.js';

export class Windows implements Iterable<PartitionWindow> {
  readonly #ports: Pick<EnginePorts, 'pause' | 'resume'>;
  readonly #limits: WindowLimits;
  readonly #windows = new Map<string, PartitionWindow>();

  constructor(ports: Pick<EnginePorts, 'pause' | 'resume'>, limits: WindowLimits) {
    this.#ports = ports;
    this.#limits = limits;
  }

  [Symbol.iterator](): Iterator<PartitionWindow> {
    return this.#windows.values();
  }

  /** Those of a new assignment. */
  open(assignments: readonly Assignment[], epoch: number): void {
    for (const assignment of assignments) {
      const window = new PartitionWindow(assignment, epoch, this.#limits);
      this.#windows.set(placeOf(assignment), window);
    }
  }

  /** None is assigned any more; none stays paused. */
  close(): void {
    for (const window of this) if (window.paused) this.#resume(window);
    this.#windows.clear();
  }

  at(place: { readonly topic: string; readonly partition: number }): PartitionWindow | undefined {
    return this.#windows.get(placeOf(place));
  }

  pause(window: PartitionWindow): void {
    window.paused = true;
    this.#ports.pause(window.topic, window.partition);
  }

  /** Of windows of older assignments nothing is resumed. */
  resumeIfEasy(window: PartitionWindow): void {
    if (this.at(window) === window && window.paused && window.isEasy()) this.#resume(window);
  }

  keepWaiting(): void {
    for (const window of this) window.keepWaiting();
  }

  /** Offsets that moved since they were last committed. */
  releases(): Release[] {
    return [...this].flatMap((window) => {
      const offset = window.offsets.watermark();
      return offset === undefined || offset === window.committed ? [] : [{ window, offset }];
    });
  }

  /** What comes before a held record for the same workflow must be in its lane before it is. */
  isReached({ topic, generation, partition, offset }: HeldKey): boolean {
    const window = this.at({ topic, partition });
    if (window === undefined) return false;
    return window.generation !== generation || window.hasReached(BigInt(offset));
  }

  state(): PartitionState[] {
    return [...this].map((window) => window.state());
  }

  #resume(window: PartitionWindow): void {
    window.paused = false;
    this.#ports.resume(window.topic, window.partition);
  }
}

function placeOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${String(partition)}`;
}
