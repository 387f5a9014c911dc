/**
 * What was taken from lanes for one request, brought to its end: sent, split where it must be, and
 * each item's disposition told to its owner.
 *
 * D1 A request that several records share and Temporal refuses is split, so that one bad record
 *    hurts only itself.
 * D2 A request that is given up ends what was in it: nothing after it is sent in its stead, or the
 *    inbox would take the later and drop the earlier when it comes again.
 * D3 What must wait behind a held record is held, also when it was queued before that one was.
 * D6 Of a list, which is of many lanes, none waits until what another had in it is concluded.
 */
import { announcementFor, mayStart, overFor, placed } from './announcement.js';
import { isListed, laneOf } from '../matching/command.js';
import type { Busy, Conclusion, RequestExecutor } from './request-executor.js';
import type { EnginePorts } from './engine-ports.js';
import { type Disposition, dispositionOf } from './disposition.js';
import { type HeldNote, keyQueue } from '../holding/held.js';
import type { HeldRecords } from '../holding/held-records.js';
import type { Item } from './item.js';
import { type RequestLimits, requestSize } from './request.js';

/** Whoever owns the items. */
export interface Owner {
  /** False: its partition is another's by now. */
  isWanted(item: Item): boolean;
  /** Resolves when nothing more is to be done for the item, and its lane may go on. */
  conclude(item: Item, disposition: Disposition): Promise<void>;
  /** The item waits behind a held record. */
  hold(item: Item): void;
}

/** By lane of a list that was sent: when what it had in it is stored. Absent: that is over. */
export type Concluding = Map<string, Promise<void>>;

/** True when the store has to be told of the disposition of `item`, and may be away. */
export function isStored({ of }: Item, disposition: Disposition): boolean {
  return disposition.kind === 'aside' || of.kind === 'redo';
}

export class Sender {
  readonly #ports: Pick<EnginePorts, 'observer'>;
  readonly #limits: RequestLimits;
  readonly #held: HeldRecords;
  readonly #executor: RequestExecutor;
  readonly #owner: Owner;

  constructor(
    ports: Pick<EnginePorts, 'observer'>,
    limits: RequestLimits,
    held: HeldRecords,
    executor: RequestExecutor,
    owner: Owner,
  ) {
    this.#ports = ports;
    this.#limits = limits;
    this.#held = held;
    this.#executor = executor;
    this.#owner = owner;
  }

  /**
   * Resolves with what is to be tried again, in its order; undefined when it was given up (D2). The
   * rest is concluded, or `concluding`.
   */
  async send(
    queued: readonly Item[],
    concluding: Concluding,
  ): Promise<readonly Item[] | undefined> {
    const [head] = queued;
    const over = head === undefined ? [] : await overFor(head.command, this.#held);
    const items = queued.filter((item) => this.#mayGo(item));
    const [first, ...rest] = items;
    if (first === undefined) return [];
    // Without the one that was held, the others may not belong together (G2).
    const size = requestSize(items, this.#limits);
    if (size < items.length) {
      return this.#sendEach([items.slice(0, size), items.slice(size)], concluding);
    }
    const conclusion = await this.#deliver([first, ...rest], over);
    if (conclusion.kind === 'given-up') return undefined;
    if (conclusion.kind === 'retry') {
      this.#ports.observer.retrying(laneOf(first.command), conclusion, first.attempts + 1);
      return items;
    }
    if (conclusion.kind === 'reject' && items.length > 1) {
      return this.#sendEach(
        items.map((item) => [item]),
        concluding,
      );
    }
    const again: Item[] = [];
    for (const [index, item] of items.entries()) {
      const disposition = dispositionOf(item.command, conclusion, index);
      if (disposition.kind === 'again') {
        const retry = { scope: 'lane', cause: disposition.cause, code: 'effect' } as const;
        this.#ports.observer.retrying(laneOf(item.command), retry, item.attempts + 1);
        again.push(item);
      } else if (isStored(item, disposition) && isListed(item.command)) {
        concluding.set(laneOf(item.command), this.#owner.conclude(item, disposition));
      } else await this.#owner.conclude(item, disposition);
    }
    return again;
  }

  /** Sends `parts` one after the other, without what follows in its lane what is tried again (D4). */
  async #sendEach(
    parts: readonly (readonly Item[])[],
    concluding: Concluding,
  ): Promise<readonly Item[] | undefined> {
    const again: Item[] = [];
    for (const part of parts) {
      const resting = new Set(again.map(({ command }) => laneOf(command)));
      const waits = ({ command }: Item): boolean => resting.has(laneOf(command));
      again.push(...part.filter(waits));
      const left = await this.send(
        part.filter((item) => !waits(item)),
        concluding,
      );
      if (left === undefined) return undefined;
      again.push(...left);
    }
    return again;
  }

  async #deliver(
    items: readonly [Item, ...Item[]],
    over: readonly HeldNote[],
  ): Promise<Conclusion | Busy> {
    const [first, ...rest] = items;
    const { skipped, made } = announcementFor(first.command, over, this.#held);
    const conclusion = await this.#executor.execute(
      [placed(first, this.#held), ...rest.map((item) => placed(item, this.#held))],
      skipped,
      () => items.some((item) => this.#owner.isWanted(item)),
    );
    if (conclusion.kind === 'done' && skipped.length > 0) made();
    return conclusion;
  }

  /** D3 */
  #mayGo(item: Item): boolean {
    if (!waitsBehind(item, this.#held)) return true;
    this.#owner.hold(item);
    return false;
  }
}

/** D3: true when something that is held has to go before `item`. */
export function waitsBehind({ record, command, of }: Item, held: HeldRecords): boolean {
  const lane = laneOf(command);
  if (of.kind === 'redo') return held.mustWait(of.held, lane);
  const starts = mayStart(command);
  return [lane, keyQueue(record)].some((queue) => held.memory.blocks(record, queue, starts));
}
