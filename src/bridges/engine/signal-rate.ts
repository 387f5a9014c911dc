/**
 * How often one workflow is signalled. Under load a signal carries many events, so few signals
 * suffice; many of them in a short time are what a run cannot take: the server gives a workflow task
 * up after some hundred signals came in during it, and a worker that was away must replay them all.
 */

/** So many at once, then so many a second. */
const burst = 20;
const perSecond = 20;
/** Lanes remembered; one that is forgotten begins with a whole burst. */
const remembered = 20_000;

interface Allowance {
  left: number;
  at: number;
}

export class SignalRate {
  readonly #lanes = new Map<string, Allowance>();

  /** Takes note of a signal to `lane` at `now` ms. Answers how long to wait before the next, ms. */
  sent(lane: string, now: number): number {
    const known = this.#lanes.get(lane) ?? { left: burst, at: now };
    const left = Math.min(burst, known.left + ((now - known.at) / 1_000) * perSecond) - 1;
    // The newest is the last: the oldest goes first.
    this.#lanes.delete(lane);
    this.#lanes.set(lane, { left, at: now });
    if (this.#lanes.size > remembered) this.#forget();
    return left > 0 ? 0 : Math.ceil(((1 - left) / perSecond) * 1_000);
  }

  #forget(): void {
    for (const oldest of this.#lanes.keys()) {
      this.#lanes.delete(oldest);
      return;
    }
  }
}
