/**
 * Notices on their way: sent in order, but nobody waits for them. A mail server that is down must
 * not delay a charge, nor the end of a wait.
 */
import { CancellationScope, log } from '@temporalio/workflow';

/** A mail; the same key is the same mail. `to` is an address, or `operators`. */
export interface Notice {
  readonly key: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export class NoticeQueue {
  readonly #send: (notice: Notice) => Promise<unknown>;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(send: (notice: Notice) => Promise<unknown>) {
    this.#send = send;
  }

  get isEmpty(): boolean {
    return this.#waiting === 0;
  }

  /** Sends `notice` after those before it. Whatever becomes of it, the workflow goes on. */
  post(notice: Notice): void {
    this.#waiting += 1;
    const before = this.#last;
    this.#last = CancellationScope.nonCancellable(async () => {
      await before;
      await this.#deliver(notice);
      this.#waiting -= 1;
    });
  }

  /** Resolves when every notice was sent or given up. */
  async emptied(): Promise<void> {
    await CancellationScope.nonCancellable(() => this.#last);
  }

  async #deliver(notice: Notice): Promise<void> {
    try {
      await this.#send(notice);
    } catch (error) {
      log.warn('a notice could not be sent', { key: notice.key, to: notice.to, error });
    }
  }
}
