/** Events that were accepted and not taken yet, oldest first. Pure. */
import type { Event } from './event.js';

export class Waiting<E extends Event> {
  readonly #events: E[];
  #chars = 0;

  constructor(carried: readonly E[] = []) {
    this.#events = [...carried];
    for (const event of carried) this.#chars += charsOf(event);
  }

  /** Their size as JSON, roughly; kept as they come and go, because it is asked for every event. */
  get chars(): number {
    return this.#chars;
  }

  add(events: readonly E[]): void {
    for (const event of events) {
      this.#events.push(event);
      this.#chars += charsOf(event);
    }
  }

  has(isWanted: (event: E) => boolean): boolean {
    return this.#events.some(isWanted);
  }

  /** The oldest that is wanted, removed. */
  take(isWanted: (event: E) => boolean): E | undefined {
    const index = this.#events.findIndex(isWanted);
    const [event] = index < 0 ? [] : this.#events.splice(index, 1);
    if (event !== undefined) this.#chars -= charsOf(event);
    return event;
  }

  state(): readonly E[] {
    return [...this.#events];
  }
}

function charsOf(event: Event): number {
  return JSON.stringify(event).length;
}
