/**
 * The dispatcher: lanes in, requests out, as many at once as the limits allow.
 *
 * D1 A request that several records share and Temporal refuses is split, so that one bad record
 *    hurts only itself.
 * D2 A request that is given up ends what was in it: nothing after it is sent in its stead, or the
 *    inbox would take the later and drop the earlier when it comes again.
 * D3 What must wait behind a held record is held, also when it was queued before that one was.
 * D4 What a workflow cannot take now goes back to the head of its lane, which rests; nothing of the
 *    lane overtakes it, and it keeps no place in flight.
 * D5 Nor does what is being set aside: the store or the dead-letter topic may be away.
 */
import { announcementFor, mayStart, overFor, placed } from './announcement.js';
import { laneOf } from './command.js';
import { type Busy, type Conclusion, Courier } from './courier.js';
import type { EngineLimits, EnginePorts } from './engine-ports.js';
import { type Fate, fateOf } from './fate.js';
import { type HeldNote, keyQueue } from './held.js';
import type { HeldRecords } from './held-records.js';
import type { Item } from './item.js';
import { Lanes, type Taken } from './lanes.js';
import { backoffMs, Limiter } from './limiter.js';
import { Pace } from './pace.js';
import { groupOf, requestSize } from './request.js';

/** Whoever owns the items. */
export interface Owner {
  /** False: its partition is another's by now. */
  isWanted(item: Item): boolean;
  /** Resolves when nothing more is to be done for the item, and its lane may go on. */
  conclude(item: Item, fate: Fate): Promise<void>;
  /** The item waits behind a held record. */
  hold(item: Item): void;
}

export class Dispatcher {
  readonly #ports: EnginePorts;
  readonly #limits: EngineLimits;
  readonly #held: HeldRecords;
  readonly #owner: Owner;
  readonly #courier: Courier;
  readonly #limiter: Limiter;
  readonly #lanes = new Lanes<Item>(({ command }) => groupOf(command));
  readonly #pace = new Pace();
  readonly #flying = new Map<string, number>();
  #inFlight = 0;

  constructor(ports: EnginePorts, limits: EngineLimits, held: HeldRecords, owner: Owner) {
    this.#ports = ports;
    this.#limits = limits;
    this.#held = held;
    this.#owner = owner;
    this.#limiter = new Limiter(limits.inFlight);
    this.#courier = new Courier({
      dispatch: (request) => ports.dispatch(request),
      recall: (workflowId) => ports.recall(workflowId),
      sleep: (ms) => ports.sleep(ms),
      random: () => ports.random(),
      now: () => ports.now(),
      answered: (request, latencyMs) => {
        const { kind } = request;
        const events = 'events' in request ? request.events.length : 1;
        ports.observer.sent({ kind, events }, latencyMs);
        // How long an update or an activity takes says nothing of the server.
        if (kind === 'start' || kind === 'signal') {
          this.#limiter.answered(kind, latencyMs, this.#flying.get('quick') ?? 0);
        }
      },
      retrying: (lane, retry, attempt) => {
        if (retry.scope === 'all') this.#limiter.overloaded();
        ports.observer.retrying(lane, retry, attempt);
      },
    });
  }

  get idle(): boolean {
    return this.#lanes.queued === 0 && this.#inFlight === 0;
  }

  /** Requests under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get limit(): number {
    return this.#limiter.limit;
  }

  get queued(): number {
    return this.#lanes.queued;
  }

  get lanes(): number {
    return this.#lanes.size;
  }

  push(item: Item): void {
    this.#lanes.push(laneOf(item.command), item);
  }

  drop(stale: (item: Item) => boolean): void {
    this.#lanes.drop(stale);
  }

  /** Sends what may go. */
  pump(): void {
    for (let moved = true; moved;) {
      moved = false;
      for (const group of this.#lanes.groups) {
        if ((this.#flying.get(group) ?? 0) >= this.#limitOf(group)) continue;
        moved = this.#launch(group) || moved;
      }
    }
  }

  #limitOf(group: string): number {
    if (group === 'quick') return this.#limiter.limit;
    return group === 'update' ? this.#limits.updates : this.#limits.runs;
  }

  #launch(group: string): boolean {
    const taken = group.startsWith('run:') ? this.#takeMany(group) : this.#takeOne(group);
    if (taken.length === 0) return false;
    this.#inFlight += 1;
    this.#fly(group, 1);
    void this.#run(group, taken);
    return true;
  }

  #takeOne(group: string): Taken<Item>[] {
    let first = true;
    return this.#lanes.take(group, (items) => {
      if (!first) return 0;
      first = false;
      return requestSize(items, this.#limits.request);
    });
  }

  /** One of each lane, since a list may end in the middle and order must hold within a lane. */
  #takeMany(group: string): Taken<Item>[] {
    let events = 0;
    let bytes = 0;
    return this.#lanes.take(group, (items) => {
      const [head] = items;
      if (head?.command.kind !== 'run') return 0;
      if (events > 0 && head.command.takes === 'one') return 0;
      const size = requestSize([head], this.#limits.request, { events, bytes });
      events += size;
      bytes += head.bytes;
      return size;
    });
  }

  async #run(group: string, taken: readonly Taken<Item>[]): Promise<void> {
    let left: readonly Item[] = [];
    try {
      left = (await this.#send(taken.flatMap(({ items }) => items))) ?? [];
    } catch (error) {
      // A defect of ours would hold for every record: stop before anything is released past it.
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      const [item] = taken.flatMap((one) => one.items);
      if (item !== undefined) await this.#owner.conclude(item, { kind: 'halt', cause });
    }
    this.#inFlight -= 1;
    this.#fly(group, -1);
    for (const { lane } of taken) {
      const back = left.filter(({ command }) => laneOf(command) === lane);
      const waitMs = group === 'quick' ? this.#pace.sent(lane, this.#ports.now()) : 0;
      if (back.length > 0) void this.#rest(lane, back);
      else if (waitMs > 0) void this.#slow(lane, waitMs);
      else this.#lanes.done(lane);
    }
    this.pump();
  }

  #fly(group: string, more: 1 | -1): void {
    this.#flying.set(group, (this.#flying.get(group) ?? 0) + more);
  }

  /** The lane stays busy: what comes meanwhile goes along with the next signal. */
  async #slow(lane: string, waitMs: number): Promise<void> {
    this.#inFlight += 1;
    await this.#ports.sleep(waitMs);
    this.#inFlight -= 1;
    this.#lanes.done(lane);
    this.pump();
  }

  /** The lane stays busy while its head waits for another try. */
  async #rest(lane: string, items: readonly Item[]): Promise<void> {
    this.#inFlight += 1;
    await this.#ports.sleep(backoffMs(items[0]?.attempts ?? 0, this.#ports.random()));
    for (const item of items) item.attempts += 1;
    this.#inFlight -= 1;
    this.#lanes.done(
      lane,
      items.filter((item) => this.#owner.isWanted(item)),
    );
    this.pump();
  }

  /** Resolves with what is to be tried again, in its order; undefined when it was given up (D2). */
  async #send(queued: readonly Item[]): Promise<readonly Item[] | undefined> {
    const [head] = queued;
    const over = head === undefined ? [] : await overFor(head.command, this.#held);
    const items = queued.filter((item) => this.#mayGo(item));
    const [first, ...rest] = items;
    if (first === undefined) return [];
    // Without the one that was held, the others may not belong together (G2).
    const size = requestSize(items, this.#limits.request);
    if (size < items.length) return this.#sendEach([items.slice(0, size), items.slice(size)]);
    const conclusion = await this.#deliver([first, ...rest], over);
    if (conclusion.kind === 'given-up') return undefined;
    if (conclusion.kind === 'retry') {
      this.#ports.observer.retrying(laneOf(first.command), conclusion, first.attempts + 1);
      return items;
    }
    if (conclusion.kind === 'reject' && items.length > 1) {
      return this.#sendEach(items.map((item) => [item]));
    }
    const again: Item[] = [];
    for (const [index, item] of items.entries()) {
      const fate = fateOf(item.command, conclusion, index);
      if (fate.kind === 'again') {
        const retry = { scope: 'lane', cause: fate.cause, code: 'effect' } as const;
        this.#ports.observer.retrying(laneOf(item.command), retry, item.attempts + 1);
        again.push(item);
      } else await this.#conclude(item, fate);
    }
    return again;
  }

  /** Sends `parts` one after the other, without what follows in its lane what is tried again (D4). */
  async #sendEach(parts: readonly (readonly Item[])[]): Promise<readonly Item[] | undefined> {
    const again: Item[] = [];
    for (const part of parts) {
      const resting = new Set(again.map(({ command }) => laneOf(command)));
      const waits = ({ command }: Item): boolean => resting.has(laneOf(command));
      again.push(...part.filter(waits));
      const left = await this.#send(part.filter((item) => !waits(item)));
      if (left === undefined) return undefined;
      again.push(...left);
    }
    return again;
  }

  /** D5 */
  async #conclude(item: Item, fate: Fate): Promise<void> {
    const group = groupOf(item.command);
    const isStored = fate.kind === 'aside' || item.of.kind === 'redo';
    if (isStored) {
      this.#fly(group, -1);
      this.pump();
    }
    await this.#owner.conclude(item, fate);
    if (isStored) this.#fly(group, 1);
  }

  async #deliver(
    items: readonly [Item, ...Item[]],
    over: readonly HeldNote[],
  ): Promise<Conclusion | Busy> {
    const [first, ...rest] = items;
    const { skipped, made } = announcementFor(first.command, over, this.#held);
    const conclusion = await this.#courier.deliver(
      [placed(first, this.#held), ...rest.map((item) => placed(item, this.#held))],
      skipped,
      () => items.some((item) => this.#owner.isWanted(item)),
    );
    if (conclusion.kind === 'done' && skipped.length > 0) made();
    return conclusion;
  }

  /** D3 */
  #mayGo(item: Item): boolean {
    const { memory } = this.#held;
    const { record, command, of } = item;
    const lane = laneOf(command);
    if (of.kind === 'redo') {
      if (!this.#held.mustWait(of.held, lane)) return true;
    } else {
      const starts = mayStart(command);
      const waits = [lane, keyQueue(record)].some((queue) => memory.blocks(record, queue, starts));
      if (!waits) return true;
    }
    this.#owner.hold(item);
    return false;
  }
}
