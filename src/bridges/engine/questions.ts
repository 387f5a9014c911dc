/**
 * Questions that a worker must answer. They take as long as it takes to replay a run, or their whole
 * deadline where no worker is: so they hold no place among the requests that are answered by the
 * server alone, and have a limit of their own. First come, first served.
 */
export class Questions {
  readonly #limit: number;
  /** Those whose turn it is not yet. */
  readonly #queue: (() => void)[] = [];
  #asked = 0;

  /** At most `limit` are asked at once. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Asks `question` when its turn comes; undefined if it is not `wanted` any more by then. */
  async ask<Answer>(
    question: () => Promise<Answer>,
    wanted: () => boolean,
  ): Promise<Answer | undefined> {
    if (this.#asked < this.#limit) this.#asked += 1;
    else {
      await new Promise<void>((turn) => {
        this.#queue.push(turn);
      });
    }
    try {
      return wanted() ? await question() : undefined;
    } finally {
      // Whoever is next takes over the turn, so that nobody comes between.
      const next = this.#queue.shift();
      if (next === undefined) this.#asked -= 1;
      else next();
    }
  }
}
