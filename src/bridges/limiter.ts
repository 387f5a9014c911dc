/**
 * How many requests may be in flight in all: additive increase while the server keeps up,
 * multiplicative decrease when the namespace or the cluster says it is full or away.
 */
export class Limiter {
  readonly #floor: number;
  readonly #ceiling: number;
  #limit: number;
  #sinceIncrease = 0;

  constructor(options: { floor: number; ceiling: number }) {
    this.#floor = options.floor;
    this.#ceiling = options.ceiling;
    this.#limit = options.ceiling;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  accepted(): void {
    this.#sinceIncrease += 1;
    if (this.#sinceIncrease < this.#limit || this.#limit >= this.#ceiling) return;
    this.#sinceIncrease = 0;
    this.#limit = Math.min(this.#ceiling, this.#limit + 1);
  }

  overloaded(): void {
    this.#sinceIncrease = 0;
    this.#limit = Math.max(this.#floor, this.#limit / 2);
  }
}

/** Exponential backoff with full jitter, in ms. `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(5_000, 100 * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
