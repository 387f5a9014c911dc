/**
 * Answers to updates that carry an event: the work is done once, and the newest answers are kept so
 * that a bridge that lost one gets it by asking again.
 *
 * I8 An event is answered by one execution of its handler. A repetition gets that answer, also
 *    while the work is still going on; once the answer is forgotten it learns that it repeats.
 */
import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, defineUpdate } from '@temporalio/workflow';
import type { Event, Skipped } from './event.js';

/** Enough for every bridge that may be asking: one has one request in flight per workflow. */
const answersMax = 16;

/** What an update is told: the handler's result, or that its event was applied some time ago. */
export type Answer<Result> =
  { readonly kind: 'answered'; readonly result: Result } | { readonly kind: 'duplicate' };

/** An update whose argument is an event; besides, what the bridge passes over before it. */
export type AnswerDefinition<Result, E extends Event> = UpdateDefinition<
  Answer<Result>,
  [E, (readonly Skipped[])?]
>;

/** What is kept of an answer. A refusal is one: it is not reconsidered when asked again. */
export interface KeptAnswer {
  /** The event's identity. */
  readonly id: string;
  readonly result?: unknown;
  readonly refusal?: { readonly message: string; readonly type?: string };
}

/** Defines an update for `Inbox.answer`. */
export function defineAnswer<Result, E extends Event>(name: string): AnswerDefinition<Result, E> {
  return defineUpdate<Answer<Result>, [E, (readonly Skipped[])?]>(name);
}

export class Answers {
  readonly #kept: KeptAnswer[];
  readonly #pending = new Map<string, Promise<unknown>>();

  constructor(kept: readonly KeptAnswer[] = []) {
    this.#kept = [...kept];
  }

  /** Does the `work` of an event that was accepted. @throws what the work throws. */
  async first<Result>(id: string, work: () => Promise<Result> | Result): Promise<Answer<Result>> {
    const pending = this.#settle(id, work);
    this.#pending.set(id, pending);
    try {
      return { kind: 'answered', result: await pending };
    } finally {
      this.#pending.delete(id);
    }
  }

  /** The answer to a repetition. @throws ApplicationFailure again, where that was the answer. */
  async again<Result>(id: string): Promise<Answer<Result>> {
    const pending = this.#pending.get(id);
    if (pending !== undefined) return { kind: 'answered', result: (await pending) as Result };
    const kept = this.#kept.find((answer) => answer.id === id);
    if (kept === undefined) return { kind: 'duplicate' };
    const { refusal, result } = kept;
    if (refusal === undefined) return { kind: 'answered', result: result as Result };
    throw ApplicationFailure.nonRetryable(refusal.message, refusal.type);
  }

  /** For the next run, oldest first. */
  state(): readonly KeptAnswer[] {
    return [...this.#kept];
  }

  async #settle<Result>(id: string, work: () => Promise<Result> | Result): Promise<Result> {
    try {
      const result = await work();
      this.#keep({ id, result });
      return result;
    } catch (error) {
      // Anything else is a bug or the end of the run, not an answer.
      if (error instanceof ApplicationFailure) {
        const { message, type } = error;
        this.#keep({ id, refusal: { message, ...(type == null ? {} : { type }) } });
      }
      throw error;
    }
  }

  #keep(answer: KeptAnswer): void {
    this.#kept.push(answer);
    if (this.#kept.length > answersMax) this.#kept.shift();
  }
}
