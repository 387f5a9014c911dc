/**
 * How many requests may be in flight in all.
 *
 * L1 What waits inside the server is estimated from latency, as TCP Vegas does: of `n` in flight,
 *    `n × (1 − best / seen)` wait. A few keep the server busy; more only slow everyone, the workers
 *    above all, whose requests compete with ours. How many are a few grows with the logarithm of
 *    the limit, as in Netflix' concurrency-limits (`VegasLimit`): a server that takes one at a time
 *    is kept busy by two, one that takes a hundred also wants its own unevenness covered.
 * L2 When the namespace or the cluster says that it is full or away, the limit is halved at once.
 * L3 Now and then it is halved for a moment to see the best latency anew; servers change.
 */
export interface LimiterOptions {
  readonly floor: number;
  readonly start: number;
  readonly ceiling: number;
}

/** Fewer waiting than so many times log10 of the limit: one more may go. */
const fewWaiting = 3;
/** More: one less. */
const manyWaiting = 6;
/** The best latency is that of the last one to two thousand requests of a kind. */
const memory = 1_000;

interface Best {
  before: number;
  now: number;
  seen: number;
}

export class Limiter {
  readonly #options: LimiterOptions;
  /** By kind of request: a start costs the server more than a signal. */
  readonly #best = new Map<string, Best>();
  #limit: number;
  #answers = 0;

  constructor(options: LimiterOptions) {
    this.#options = options;
    this.#limit = options.start;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  /** A request of `kind` was answered after `latencyMs`, `inFlight` being under way with it. */
  answered(kind: string, latencyMs: number, inFlight: number): void {
    const reached = inFlight >= this.limit;
    const best = this.#bestOf(kind, latencyMs, reached);
    const waiting = inFlight * (1 - best / Math.max(latencyMs, best));
    const scale = Math.log10(this.#limit);
    if (waiting > manyWaiting * scale) this.#limit -= 1 / 2;
    // Only a limit that is reached says anything about a higher one.
    else if (waiting < fewWaiting * scale && reached) this.#limit += 1 / 2;
    this.#limit = Math.min(this.#options.ceiling, Math.max(this.#options.floor, this.#limit));
    this.#answers += 1;
  }

  overloaded(): void {
    // One outage fails everything in flight: it counts once, not once per request.
    if (this.#answers === 0) return;
    this.#answers = 0;
    this.#limit = Math.max(this.#options.floor, this.#limit / 2);
  }

  #bestOf(kind: string, latencyMs: number, reached: boolean): number {
    const best = this.#best.get(kind) ?? { before: latencyMs, now: latencyMs, seen: 0 };
    this.#best.set(kind, best);
    best.now = Math.min(best.now, latencyMs);
    // An idle bridge sees the best latency all the time.
    if (reached) best.seen += 1;
    const result = Math.min(best.before, best.now);
    if (best.seen >= memory) {
      best.before = best.now;
      best.now = latencyMs;
      best.seen = 0;
      // L3: a glimpse of the server with less to do, or under steady load the best would be forgotten.
      this.#limit = Math.max(this.#options.floor, this.#limit / 2);
    }
    return result;
  }
}

/** Exponential backoff with jitter, in ms. `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(5_000, 100 * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
