/**
 * The dispatcher: lanes in, requests out, as many at once as the limits allow.
 *
 * D4 What a workflow cannot take now goes back to the head of its lane, which rests; nothing of the
 *    lane overtakes it, and it keeps no place in flight.
 * D5 Nor does what is being set aside: the store or the dead-letter topic may be away. Nor does what
 *    asks a worker what a closed run had seen: the worker may be away. Nor an effect that is not over
 *    after some seconds: its activity may fail again and again.
 *
 * D1 to D3 and D6 are kept by the `Sender`.
 */
import { isListed, laneOf } from '../matching/command.js';
import { RequestExecutor } from './request-executor.js';
import type { EngineLimits, EnginePorts } from './engine-ports.js';
import type { Disposition } from './disposition.js';
import type { HeldRecords } from '../holding/held-records.js';
import type { Item } from './item.js';
import { Lanes, type Taken } from './lanes.js';
import { backoffMs, Limiter } from './limiter.js';
import { SignalRate } from './signal-rate.js';
import { Questions } from './questions.js';
import { groupOf, requestSize } from './request.js';
import { type Concluding, isStored, type Owner, Sender } from './sender.js';

export interface LaneOwner extends Owner {
  /**
   * A lane rests, in which `items` wait or were tried. Answers with those that shall not go on in it:
   * they are held, or were held and go back to the store.
   */
  relieve(items: readonly Item[]): ReadonlySet<Item>;
}

export class Dispatcher {
  readonly #ports: EnginePorts;
  readonly #limits: EngineLimits;
  readonly #owner: LaneOwner;
  readonly #sender: Sender;
  readonly #limiter: Limiter;
  readonly #lanes = new Lanes<Item>(({ command }) => groupOf(command));
  readonly #signalRate = new SignalRate();
  readonly #flying = new Map<string, number>();
  #inFlight = 0;

  constructor(ports: EnginePorts, limits: EngineLimits, held: HeldRecords, owner: LaneOwner) {
    this.#ports = ports;
    this.#limits = limits;
    this.#owner = owner;
    this.#limiter = new Limiter(limits.inFlight);
    const questions = new Questions(limits.questions);
    const executor = new RequestExecutor({
      dispatch: (request) => ports.dispatch(request),
      recall: (workflowId, wanted, command) => {
        const ask = () => questions.ask(() => ports.recall(workflowId), wanted);
        return this.#apart(groupOf(command), ask);
      },
      sleep: (ms) => ports.sleep(ms),
      rest: (command, ms) => this.#apart(groupOf(command), () => ports.sleep(ms)),
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
    this.#sender = new Sender(ports, limits.request, held, executor, {
      isWanted: (item) => owner.isWanted(item),
      conclude: (item, disposition) => this.#conclude(item, disposition),
      hold: (item) => {
        owner.hold(item);
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
    if (group === 'update') return this.#limits.updates;
    return isOfLists(group) ? this.#limits.runs : this.#limits.singles;
  }

  #launch(group: string): boolean {
    const taken = isOfLists(group) ? this.#takeMany(group) : this.#takeOne(group);
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
      if (head === undefined) return 0;
      const size = requestSize([head], this.#limits.request, { events, bytes });
      events += size;
      bytes += head.bytes;
      return size;
    });
  }

  async #run(group: string, taken: readonly Taken<Item>[]): Promise<void> {
    let left: readonly Item[] = [];
    const concluding: Concluding = new Map();
    try {
      left =
        (await this.#sender.send(
          taken.flatMap(({ items }) => items),
          concluding,
        )) ?? [];
    } catch (error) {
      await this.#break(taken[0]?.items[0], error);
    }
    this.#inFlight -= 1;
    this.#fly(group, -1);
    for (const { lane } of taken) {
      const back = left.filter(({ command }) => laneOf(command) === lane);
      const concluded = concluding.get(lane);
      const waitMs = group === 'quick' ? this.#signalRate.sent(lane, this.#ports.now()) : 0;
      if (concluded !== undefined) void this.#free(lane, concluded);
      else if (back.length > 0) void this.#rest(lane, back);
      else if (waitMs > 0) void this.#slow(lane, waitMs);
      else this.#lanes.done(lane);
    }
    this.pump();
  }

  #fly(group: string, more: 1 | -1): void {
    this.#flying.set(group, (this.#flying.get(group) ?? 0) + more);
  }

  /** D6: a lane of a list goes on when what it had in it is `concluded`. */
  async #free(lane: string, concluded: Promise<void>): Promise<void> {
    this.#inFlight += 1;
    await concluded;
    this.#inFlight -= 1;
    this.#lanes.done(lane);
    this.pump();
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
  async #rest(lane: string, tried: readonly Item[]): Promise<void> {
    for (const item of tried) item.firstFailedMs ??= this.#ports.clock();
    const moved = this.#owner.relieve([...tried, ...this.#lanes.waiting(lane)]);
    this.#lanes.remove(lane, moved);
    const items = tried.filter((item) => !moved.has(item));
    if (items.length === 0) {
      this.#lanes.done(lane);
      return;
    }
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

  async #conclude(item: Item, disposition: Disposition): Promise<void> {
    const conclude = (): Promise<void> => this.#owner.conclude(item, disposition);
    if (!isStored(item, disposition)) await conclude();
    else if (!isListed(item.command)) await this.#apart(groupOf(item.command), conclude);
    // The request of a list does not wait for it, and may be over by then.
    else await conclude().catch((error: unknown) => this.#break(item, error));
  }

  /** A defect of ours would hold for every record: stop before anything is released past it. */
  async #break(item: Item | undefined, error: unknown): Promise<void> {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (item !== undefined) await this.#owner.conclude(item, { kind: 'halt', cause });
  }

  /** D5: what a request of `group` waits for without its place. It comes back over the limit. */
  async #apart<T>(group: string, wait: () => Promise<T>): Promise<T> {
    this.#fly(group, -1);
    this.pump();
    try {
      return await wait();
    } finally {
      this.#fly(group, 1);
    }
  }
}

function isOfLists(group: string): boolean {
  return group.startsWith('list:');
}
