/**
 * Answers to updates that carry an event: the work is done once, and the newest answers are kept so
 * that a bridge that lost one gets it by asking again.
 *
 * I8 An event is answered by one execution of its handler. A repetition gets that answer, also
 *    while the work is still going on; once the answer is forgotten it learns that it repeats.
 *    What was refused did not happen: where it is redriven, its handler is asked anew.
 */
import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, defineUpdate, TemporalFailure } from '@temporalio/workflow';
import type { Event, Skipped } from './event.js';

/** Results: enough for every bridge that may be asking, which has one request in flight. */
const resultsMax = 16;
/** A bridge lets no more dead letters of one workflow lie, and each of them may be redriven. */
const refusalsMax = 256;
/** Characters of a refusal's words that are kept. */
const wordsMax = 300;

/** What an update is told: the handler's result, or that its event was applied some time ago. */
export type Answer<Result> =
  { readonly kind: 'answered'; readonly result: Result } | { readonly kind: 'duplicate' };

/** An update whose argument is an event; besides, what the bridge passes over before it. */
export type AnswerDefinition<Result, E extends Event> = UpdateDefinition<
  Answer<Result>,
  [E, (readonly Skipped[])?]
>;

/** What is kept of an answer. A refusal is one: only what is redriven is asked anew. */
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
  #kept: KeptAnswer[];
  readonly #pending = new Map<string, Promise<unknown>>();

  constructor(kept: readonly KeptAnswer[] = []) {
    this.#kept = [...kept];
  }

  /** True when event `id` was refused, and nobody is at work on it. */
  isRefused(id: string): boolean {
    return !this.#pending.has(id) && this.#find(id)?.refusal !== undefined;
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
    const kept = this.#find(id);
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
      // Anything else is a bug or the end of the run, not an answer: it does not fail the update.
      if (error instanceof TemporalFailure) this.#keep({ id, refusal: refusalOf(error) });
      throw error;
    }
  }

  #find(id: string): KeptAnswer | undefined {
    return this.#kept.find((answer) => answer.id === id);
  }

  #keep(answer: KeptAnswer): void {
    const isSameKind = (other: KeptAnswer): boolean =>
      (other.refusal === undefined) === (answer.refusal === undefined);
    const max = answer.refusal === undefined ? resultsMax : refusalsMax;
    const others = this.#kept.filter(({ id }) => id !== answer.id);
    const alike = others.filter(isSameKind);
    const oldest = alike.length < max ? undefined : alike[0];
    this.#kept = [...others.filter((other) => other !== oldest), answer];
  }
}

/** A failure of an activity or of a child has its words in its causes. */
function refusalOf(error: TemporalFailure): KeptAnswer['refusal'] & object {
  const words: string[] = [];
  const isOwn = error instanceof ApplicationFailure;
  for (let one: unknown = error; one instanceof Error; one = isOwn ? undefined : one.cause) {
    words.push(one.message);
  }
  const message = words.join(': ').slice(0, wordsMax);
  return isOwn && error.type != null ? { message, type: error.type } : { message };
}
