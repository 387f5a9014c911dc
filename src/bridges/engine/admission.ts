/**
 * Admission: what is delivered enters the window of its partition and becomes decisions.
 *
 * A1 A delivery under an older epoch, or of a partition that is not assigned, is ignored: it comes
 *    again to whoever the partition is now.
 * A2 Nothing is decided before the claim on held records is answered: what is held goes first.
 * A3 Once the engine is stopped, no gap is stepped over: nothing could be decided on what is behind.
 */
import { decisionsOn } from './decisions.js';
import type { Delivery, EnginePorts } from './engine-ports.js';
import { complaintOf } from '../formats/unreadable.js';
import type { Passage } from './item.js';
import type { KafkaRecord } from '../matching/record.js';
import type { Decision } from '../matching/route.js';
import { sizeOf } from './own-bytes.js';
import type { PartitionWindow } from './window.js';
import type { Windows } from './windows.js';

/** What admission needs of the engine. */
export interface Admitting {
  readonly epoch: () => number;
  readonly isStopped: () => boolean;
  /** The routes' decisions on a record: none, when no route is asked for more. */
  readonly decided: (passage: Passage, decisions: readonly Decision[]) => void;
  /** A delivery was taken. */
  readonly taken: () => void;
}

interface Early {
  readonly at: Delivery;
  readonly records: readonly KafkaRecord[];
}

export class Admission {
  readonly #ports: Pick<EnginePorts, 'decide' | 'halt' | 'observer'>;
  readonly #windows: Windows;
  readonly #engine: Admitting;
  /** What came before the claim on held records was answered. */
  #early: Early[] | undefined;

  constructor(
    ports: Pick<EnginePorts, 'decide' | 'halt' | 'observer'>,
    windows: Windows,
    engine: Admitting,
  ) {
    this.#ports = ports;
    this.#windows = windows;
    this.#engine = engine;
  }

  /** The claim on held records is not answered yet. */
  get waits(): boolean {
    return this.#early !== undefined;
  }

  /** A2: what comes waits, until `begin` or `forget`. */
  hold(): void {
    this.#early = [];
  }

  /** The claim is answered. */
  begin(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const { at, records } of early) this.deliver(at, records);
  }

  /** What waits is another's, or nobody's. */
  forget(): void {
    this.#early = undefined;
  }

  /** Records of one partition in offset order. Returns at once, and never throws. */
  deliver(at: Delivery, records: readonly KafkaRecord[]): void {
    const window = this.#windows.at(at);
    // A1
    if (at.epoch !== this.#engine.epoch() || this.#engine.isStopped() || window === undefined) {
      return;
    }
    if (this.#early !== undefined) {
      this.#early.push({ at, records });
      window.wait(records, at.highWatermark);
      this.#windows.pause(window);
      return;
    }
    try {
      this.#take(window, at, records);
    } catch (error) {
      const from = `${at.topic}/${at.partition}/${records[0]?.offset ?? '?'}`;
      this.#ports.halt(`engine: records from ${from} on could not be taken: ${complaintOf(error)}`);
    }
  }

  #take(window: PartitionWindow, at: Delivery, records: readonly KafkaRecord[]): void {
    window.arrive(records, at.highWatermark);
    let unmatched = 0;
    for (const record of records) {
      unmatched += this.#accept(window, record);
      // A3
      if (this.#engine.isStopped()) return;
    }
    window.offsets.advance(at.next);
    if (unmatched > 0) this.#ports.observer.ignored(at.topic, 'no-match', unmatched);
    if (!window.paused && window.isFull()) this.#windows.pause(window);
    this.#engine.taken();
  }

  /** Answers 1 where no route wanted the record. */
  #accept(window: PartitionWindow, record: KafkaRecord): number {
    const offset = BigInt(record.offset);
    if (window.done?.has(offset) === true) {
      window.offsets.pass(offset);
      return 0;
    }
    const decisions = decisionsOn(this.#ports, record);
    if (decisions === undefined) return 0;
    const [only] = decisions;
    if (only?.kind === 'ignore' && only.reason === 'no-match') {
      return window.offsets.pass(offset) ? 1 : 0;
    }
    const bytes = sizeOf(record);
    if (!window.deliver(offset, bytes)) return 0;
    const open = decisions.length;
    window.enter(offset, record, decisions);
    this.#engine.decided({ kind: 'passage', window, record, offset, bytes, open }, decisions);
    return 0;
  }
}
