/**
 * Held records as the engine handles them: remembered at once, so that what comes later waits, and
 * durable a moment later.
 *
 * H7 A record counts as held only when the store has it; until then its offset is not released.
 * H8 A bridge that is fenced holds nothing more: its partitions are another's.
 */
import type { EnginePorts } from '../engine/engine-ports.js';
import {
  type Held,
  type HeldEnd,
  type HeldKey,
  type HeldNote,
  type HoldingStore,
  keyOf,
  type PartitionId,
} from './held.js';
import { HeldIndex } from './held-index.js';
import { backoffMs } from '../engine/limiter.js';
import { storeRefusal } from './postgres-refusal.js';
import { HeldWriter, type Kept } from './held-writer.js';

/** A look at what is due brings so many at most that can be tried, and reads so many at most. */
const dueMax = 500;
const readMax = 5_000;
/** So long a request waits for the store to say what was discarded. */
const patienceMs = 1_000;

export class HeldRecords {
  readonly memory = new HeldIndex();
  readonly #ports: EnginePorts;
  readonly #writer: HeldWriter | undefined;
  /** Those that are being tried again now, numbered in the order in which they were found due. */
  readonly #underWay = new Map<string, number>();
  #tries = 0;
  /** By queue: the last write that is under way. */
  readonly #writing = new Map<string, Promise<Kept>>();
  #token: string | undefined;
  /** What was claimed with it. */
  #claimed: readonly PartitionId[] = [];
  /** Looks at the store are numbered. */
  #look = 0;
  #looking = false;
  /** How many of the last look could not be tried: they must not hide the others. */
  #postponed = 0;
  /** Something waits for what, perhaps, is not there any more. */
  #stalled = false;
  #over = false;

  constructor(ports: EnginePorts) {
    this.#ports = ports;
    const { store } = ports;
    if (store === undefined) return;
    this.#writer = new HeldWriter(store, {
      sleep: (ms) => ports.sleep(ms),
      random: () => ports.random(),
      isOver: () => this.#over,
      troubled: (error, attempt) => {
        this.#troubled(error, attempt);
      },
    });
  }

  /** The claim under which this bridge holds its partitions; absent while it has none. */
  get token(): string | undefined {
    return this.#token;
  }

  /** True when records can be parked and redriven. */
  get exists(): boolean {
    return this.#writer !== undefined;
  }

  stop(): void {
    this.#over = true;
  }

  /** Nothing of an older assignment is known any more. */
  forget(): void {
    this.#token = undefined;
    this.#underWay.clear();
    this.memory.reset([]);
  }

  /** Claims `partitions` and remembers what is held of them. False: `wanted` says so meanwhile. */
  async claim(partitions: readonly PartitionId[], wanted: () => boolean): Promise<boolean> {
    const { store } = this.#ports;
    if (store === undefined) return wanted();
    for (let attempt = 1; wanted() && !this.#over; attempt += 1) {
      try {
        const { token, notes } = await store.claim(this.#ports.groupId, partitions);
        if (!wanted()) return false;
        this.#token = token;
        this.#claimed = partitions;
        this.memory.reset(notes);
        return true;
      } catch (error) {
        this.#troubled(error, attempt);
        await this.#ports.sleep(backoffMs(attempt - 1, this.#ports.random()));
      }
    }
    return false;
  }

  /** From now on what comes later for its queue waits behind it. */
  remember(note: HeldNote): void {
    if (!this.exists) return;
    this.memory.add(note);
    // What was discarded needs no room any more.
    if (this.memory.isFilling(note)) this.#stalled = true;
  }

  /**
   * What was discarded of what `workflowId` is passing over, and it does not know; that must be told
   * before it is told of more, or its inbox would fill with what never comes. Nobody waits long for
   * it: what is not told now is told the next time.
   */
  async discarded(workflowId: string): Promise<readonly HeldNote[]> {
    const { store } = this.#ports;
    const token = this.#token;
    if (store === undefined || token === undefined) return [];
    const asked = store
      .discarded(token, workflowId)
      .catch((error: unknown) => this.#troubled(error));
    const found = await Promise.race([asked, this.#ports.sleep(patienceMs).then(() => [])]);
    if (token !== this.#token) return [];
    // What is on its way all the same may still come.
    const over = found.filter((note) => !this.#underWay.has(keyOf(note)));
    for (const note of over) this.memory.remove(note);
    return over;
  }

  /** Their workflow knows that `notes` were discarded. */
  async told(notes: readonly HeldNote[]): Promise<void> {
    const { store } = this.#ports;
    if (store === undefined || this.#token === undefined || notes.length === 0) return;
    await store.told(this.#token, notes).catch((error: unknown) => this.#troubled(error));
  }

  /**
   * Resolves when `held` is durable, which it may become when it is `ready`. Where it turns out not
   * to be, it is no more ours to hold.
   */
  async write(held: Held, ready: Promise<boolean>): Promise<Kept> {
    if (this.#writer === undefined) return (await ready) ? 'held' : 'fenced';
    const token = this.#token;
    if (token === undefined) return 'fenced';
    // In the order of its queue, or what waits behind would be there before what it waits for.
    const queue = `${token} ${held.topic}/${String(held.partition)} ${held.queue}`;
    const before = this.#writing.get(queue);
    const writing = (async (): Promise<Kept> => {
      const isReady = await ready;
      await before;
      return isReady ? this.#put(token, held) : 'fenced';
    })();
    this.#writing.set(queue, writing);
    const how = await writing;
    if (this.#writing.get(queue) === writing) this.#writing.delete(queue);
    return how;
  }

  async #put(token: string, held: Held): Promise<Kept> {
    const how = (await this.#writer?.put(token, held)) ?? 'held';
    if (token === this.#token && how === 'held') this.memory.durable(held, this.#look);
    // It went its way before: nothing waits for it.
    if (token === this.#token && how === 'over') this.memory.remove(held);
    return how;
  }

  /**
   * What should be tried now and is not under way yet; each is under way from now on. `fenced`: the
   * partitions are another's, and nothing of ours is known to be there.
   */
  async due(): Promise<readonly Held[] | 'fenced'> {
    const { store } = this.#ports;
    const token = this.#token;
    if (store === undefined || token === undefined || this.#looking) return [];
    this.#looking = true;
    this.#look += 1;
    const look = this.#look;
    try {
      if (this.#stalled) {
        this.#stalled = false;
        const open = await store.open(token, this.#claimed);
        if (token !== this.#token) return [];
        if (open === 'fenced') return open;
        this.memory.reconcile(new Set(open.map(keyOf)), look);
      }
      const busy = this.#underWay.size + this.#postponed;
      this.#postponed = 0;
      const limit = Math.min(dueMax + busy, readMax);
      const due = await store.due(token, this.#claimed, this.#ports.clock(), limit);
      if (token !== this.#token) return [];
      if (due === 'fenced') return due;
      const fresh = due.filter((held) => !this.#underWay.has(keyOf(held)));
      for (const held of fresh) {
        this.#tries += 1;
        this.#underWay.set(keyOf(held), this.#tries);
        this.memory.refresh(held, look);
      }
      return fresh;
    } catch (error) {
      return this.#troubled(error);
    } finally {
      this.#looking = false;
    }
  }

  /** True when something before `note` has to go first, and is not on its way. */
  mustWait(note: HeldNote, lane: string): boolean {
    const place = this.#underWay.get(keyOf(note)) ?? 0;
    const isAhead = (key: HeldKey): boolean => (this.#underWay.get(keyOf(key)) ?? Infinity) < place;
    return this.memory.mustWait(note, lane, isAhead);
  }

  /** It is not its time yet. */
  postpone(key: HeldKey): void {
    this.#postponed += 1;
    this.#underWay.delete(keyOf(key));
  }

  /** It was not tried after all: something before it has to go first. */
  leave(key: HeldKey): void {
    this.#stalled = true;
    this.#underWay.delete(keyOf(key));
  }

  /** It went through, or nothing is to be done for it. */
  async end(token: string, key: HeldKey, how: HeldEnd): Promise<'held' | 'fenced'> {
    const { store } = this.#ports;
    if (store === undefined || this.#writer === undefined) return 'held';
    if (token === this.#token) this.memory.concluded(key);
    const ended = await this.#writer.persist(() => store.end(token, [key], how));
    if (token === this.#token) {
      this.#underWay.delete(keyOf(key));
      if (ended === 'held') this.memory.remove(key);
    }
    return ended;
  }

  /** It did not go through: it is `dead` now, or waits until `nextTryMs`. */
  async again(
    token: string,
    key: HeldKey,
    to: Parameters<HoldingStore['again']>[2],
  ): Promise<'held' | 'fenced'> {
    const { store } = this.#ports;
    if (store === undefined || this.#writer === undefined) return 'held';
    // At once: what is queued behind it must not overtake it.
    if (token === this.#token) this.memory.change(key, to);
    const how = await this.#writer.persist(() => store.again(token, key, to));
    if (token === this.#token) {
      this.#underWay.delete(keyOf(key));
      this.memory.durable(key, this.#look);
    }
    return how;
  }

  /** The store did not answer, which passes, or refuses us, which does not. */
  #troubled(error: unknown, attempt = 1): [] {
    const refusal = storeRefusal(error);
    if (refusal !== undefined) this.#ports.halt(refusal);
    const cause = error instanceof Error ? error.message : String(error);
    const retry = { scope: 'all', cause, code: 'store-away' } as const;
    this.#ports.observer.retrying('held records', retry, attempt);
    return [];
  }
}
