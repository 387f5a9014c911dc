/**
 * Where held records are written: in the order in which they were decided, and as many at a time as
 * have come while the last write was under way.
 */
import { type Held, type HoldingStore, keyOf } from './held.js';
import { backoffMs } from '../engine/limiter.js';

export interface HeldWriterPorts {
  sleep(ms: number): Promise<void>;
  random(): number;
  /** True: nobody waits for what is being written any more. */
  isOver(): boolean;
  /** The store gave no answer but an error; `attempt` counts from 1. */
  troubled(error: unknown, attempt: number): void;
}

/** `over`: it had been held before, and has ended. */
export type Kept = 'held' | 'over' | 'fenced';

interface Waiting {
  readonly held: Held;
  readonly done: (how: Kept) => void;
}

const rowsMax = 500;

export class HeldWriter {
  readonly #store: HoldingStore;
  readonly #ports: HeldWriterPorts;
  /** By token: a claim's records are never written under another's. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(store: HoldingStore, ports: HeldWriterPorts) {
    this.#store = store;
    this.#ports = ports;
  }

  /** Resolves when `held` is durable, or when `token` is not the newest claim any more. */
  put(token: string, held: Held): Promise<Kept> {
    return new Promise((done) => {
      const waiting = this.#waiting.get(token);
      if (waiting !== undefined) waiting.push({ held, done });
      else {
        this.#waiting.set(token, [{ held, done }]);
        void this.#write(token);
      }
    });
  }

  async #write(token: string): Promise<void> {
    // What else is decided in this turn goes along.
    await Promise.resolve();
    for (;;) {
      const batch = this.#waiting.get(token)?.splice(0, rowsMax) ?? [];
      if (batch.length === 0) break;
      const how = await this.persist(() =>
        this.#store.hold(
          token,
          batch.map(({ held }) => held),
        ),
      );
      const over = how === 'fenced' ? undefined : new Set(how.map(keyOf));
      for (const { held, done } of batch) {
        done(over === undefined ? 'fenced' : over.has(keyOf(held)) ? 'over' : 'held');
      }
    }
    this.#waiting.delete(token);
  }

  /** Calls the store until it answers. */
  async persist<T>(call: () => Promise<T | 'fenced'>): Promise<T | 'fenced'> {
    for (let attempt = 1; !this.#ports.isOver(); attempt += 1) {
      try {
        return await call();
      } catch (error) {
        this.#ports.troubled(error, attempt);
        await this.#ports.sleep(backoffMs(attempt - 1, this.#ports.random()));
      }
    }
    return 'fenced';
  }
}
