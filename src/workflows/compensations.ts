/** What must be undone, should the work not come to its end: last done, first undone. */
import { CancellationScope, log } from '@temporalio/workflow';

interface Compensation {
  readonly name: string;
  readonly undo: () => Promise<unknown>;
}

export class Compensations {
  readonly #stack: Compensation[] = [];

  /** Names, in the order in which they would run. */
  get names(): readonly string[] {
    return this.#stack.map(({ name }) => name).reverse();
  }

  /** Register before doing: what was begun may have happened even when no answer came. */
  add(name: string, undo: () => Promise<unknown>): void {
    this.#stack.push({ name, undo });
  }

  /** Lets the compensation of that name be the first to run. */
  promote(name: string): void {
    const at = this.#stack.findIndex((each) => each.name === name);
    if (at >= 0) this.#stack.push(...this.#stack.splice(at, 1));
  }

  /** Past the point of no return there is nothing to undo. */
  clear(): void {
    this.#stack.length = 0;
  }

  /**
   * Undoes everything, also in a workflow that is cancelled. One that fails stops no other; one that
   * finds itself past the point of no return may `clear` those after it.
   */
  async run(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (let next = this.#stack.pop(); next !== undefined; next = this.#stack.pop()) {
        try {
          await next.undo();
        } catch (error) {
          log.error('a compensation failed', { compensation: next.name, error });
        }
      }
    });
  }
}
