/**
 * The inbox: the authority on what a workflow has already applied (`marks.ts`, I1 to I5, and I9 in
 * `recent-ids.ts`), and the place where an event that comes before its state is kept. Authors take
 * events one by one (`next`), or hand them to handlers (`on`, `run`); updates that carry one are
 * answered (`answer`, I8 in `answers.ts`).
 *
 * I6 Accepted events are taken in the order of acceptance; none is dropped because of state.
 * I7 `state()` carries marks, answers and untaken events through continue-as-new; its size is
 *    bounded by the number of sources, the newest ids, and what waits.
 */
import {
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  patched,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { Duration } from '@temporalio/common';
import { type Answer, type AnswerDefinition, Answers, type KeptAnswer } from './answers.js';
import { type Event, identityOf, type Skipped } from './event.js';
import { Marks, type MarksState } from './marks.js';
import { type InboxCounts, inboxReporter } from './inbox-metrics.js';
import { isRenewable } from './renewal.js';
import { Waiting } from './waiting.js';

/** One signal carries any number of events of any types: one history event for a whole batch. */
export const eventsSignal =
  defineSignal<[readonly Event[], (readonly Skipped[])?]>('headrace.events');

/** What the inbox has come to; a closed run answers too, and the next run can begin with it. */
export const inboxQuery = defineQuery<InboxState>('headrace.inbox');

/** What continue-as-new must carry. */
export interface InboxState<E extends Event = Event> extends MarksState {
  readonly waiting: readonly E[];
  readonly answers: readonly KeptAnswer[];
  readonly duplicates: number;
}

/**
 * The part of a workflow's argument that belongs to the inbox: events that came with the start
 * itself, what was passed over before them, and what the run before this one carried over.
 */
export interface Opening<E extends Event = Event> {
  readonly first?: readonly E[];
  readonly skipped?: readonly Skipped[];
  readonly inbox?: InboxState<E>;
}

/** Continues as new with `opening` in its argument; whatever else must survive goes there too. */
export type Renew<E extends Event> = (opening: Opening<E>) => Promise<never>;

type OfType<E extends Event, T extends E['type']> = Extract<E, { readonly type: T }>;

/** When `Inbox.run` ends, and when it hands over. */
export interface RunOptions<E extends Event> {
  /** Asked before each event and whenever something has happened. */
  readonly until?: () => boolean;
  /** Of the whole call; events that have come by then are handled first. */
  readonly timeout?: Duration;
  /** Continues as new, between two events, once the run is long. */
  readonly renew?: Renew<E>;
}

/** A workflow's typed view of the events routed to it. */
export class Inbox<E extends Event> {
  readonly #marks: Marks;
  readonly #waiting: Waiting<E>;
  readonly #answers: Answers;
  readonly #handlers = new Map<string, (event: E) => Promise<void> | void>();
  readonly #report: (counts: InboxCounts) => void;
  #duplicates: number;
  #signals = 0;

  constructor(carried?: InboxState<E>, report: (counts: InboxCounts) => void = () => undefined) {
    this.#marks = new Marks(carried);
    this.#waiting = new Waiting(carried?.waiting);
    this.#answers = new Answers(carried?.answers);
    this.#duplicates = carried?.duplicates ?? 0;
    this.#report = report;
  }

  /** Events that came again and were dropped. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Accepts a batch, in order, after what it passes over; duplicates are counted and dropped. */
  receive(events: readonly E[], skipped: readonly Skipped[] = []): void {
    this.#signals += 1;
    this.#waiting.add(this.#accept(events, skipped));
  }

  /** The oldest waiting event of one of `types` (of any type if none is named), removed. */
  poll<T extends E['type']>(...types: readonly T[]): OfType<E, T> | undefined {
    return this.#waiting.take(types.length === 0 ? isAny : isOneOf(types)) as
      OfType<E, T> | undefined;
  }

  /** True when an event of one of `types` (of any type if none is named) waits. */
  has(...types: readonly E['type'][]): boolean {
    return this.#waiting.has(types.length === 0 ? isAny : isOneOf(types));
  }

  /** Resolves with the next event of `types`, or with `undefined` once `timeout` has passed. */
  async next<T extends E['type']>(
    types: readonly T[],
    timeout?: Duration,
  ): Promise<OfType<E, T> | undefined> {
    if (timeout === undefined) await condition(() => this.has(...types));
    else await condition(() => this.has(...types), timeout);
    return this.poll(...types);
  }

  /** Says what `run` does with events of `type`; the last word counts. Others are kept. */
  on<T extends E['type']>(type: T, handler: (event: OfType<E, T>) => Promise<void> | void): this {
    this.#handlers.set(type, handler as (event: E) => Promise<void> | void);
    return this;
  }

  /**
   * Hands events to their handlers, one at a time, in order. Resolves with true once `until` holds,
   * with false once `timeout` has passed. @throws what a handler throws; its event is taken.
   */
  async run({ until = () => false, timeout, renew }: RunOptions<E> = {}): Promise<boolean> {
    // One timer for the call, however many events come.
    const timer = new CancellationScope();
    const clock = { isOver: false };
    const over = (): void => void (clock.isOver = true);
    if (timeout !== undefined) timer.run(() => sleep(timeout)).then(over, () => undefined);
    const isHandled = (event: E): boolean => this.#handlers.has(event.type);
    const isStirred = (): boolean =>
      clock.isOver ||
      this.#waiting.has(isHandled) ||
      until() ||
      (renew !== undefined && this.isRenewable);
    try {
      for (;;) {
        if (until()) return true;
        if (renew !== undefined && this.isRenewable) await this.renewIfLong(renew);
        const event = this.#waiting.take(isHandled);
        if (event !== undefined) {
          // A promise in a workflow costs a stack trace, of which a backlog has no need.
          const handled = this.#handlers.get(event.type)?.(event);
          if (handled !== undefined) await handled;
        } else if (clock.isOver) return false;
        else await condition(isStirred);
      }
    } finally {
      timer.cancel();
    }
  }

  /**
   * Answers an update that carries an event. The handler runs at once, beside whatever the workflow
   * is doing, and once per event; it does not wait for events that lie untaken. A refusal of the
   * `validator` fails the update and leaves no trace; a repetition is not validated again. What was
   * refused by the handler, and is redriven, is: it is asked anew.
   */
  answer<Result, A extends Event>(
    update: AnswerDefinition<Result, A>,
    handler: (event: A) => Promise<Result> | Result,
    options: { readonly validator?: (event: A) => void; readonly description?: string } = {},
  ): void {
    const { validator, ...described } = options;
    setHandler<Answer<Result>, [A, (readonly Skipped[])?], AnswerDefinition<Result, A>>(
      update,
      (event: A, skipped?: readonly Skipped[]) => {
        const identity = identityOf(event);
        // Before that, such an event was refused again: histories of then are replayed as they were.
        const isAnew = this.#isRefusedLate(event) && patched('headrace-redriven-update');
        const isNew = this.#accept(isAnew ? [] : [event], skipped).length > 0;
        return isNew || isAnew
          ? this.#answers.first(identity, () => handler(event))
          : this.#answers.again<Result>(identity);
      },
      {
        validator: (event: A) => {
          if (this.#marks.accepts(event) || this.#isRefusedLate(event)) validator?.(event);
        },
        ...described,
      },
    );
  }

  /** True when the run is long, no handler is at work, and what waits can be carried over. */
  get isRenewable(): boolean {
    return isRenewable(this.#signals, this.#waiting.chars);
  }

  /** Hands over to a fresh run if it is time (`isRenewable`); else resolves at once. */
  async renewIfLong(renew: Renew<E>): Promise<void> {
    if (this.isRenewable) await renew({ first: [], skipped: [], inbox: this.state() });
  }

  /** What the next run must be given. Everything in it is plain JSON. */
  state(): InboxState<E> {
    return {
      ...this.#marks.state(),
      waiting: this.#waiting.state(),
      answers: this.#answers.state(),
      duplicates: this.#duplicates,
    };
  }

  #isRefusedLate(event: Event): boolean {
    return event.late !== undefined && this.#answers.isRefused(identityOf(event));
  }

  #accept<A extends Event>(events: readonly A[], skipped: readonly Skipped[] = []): readonly A[] {
    const before = this.#marks.forgotten;
    for (const one of skipped) this.#marks.skip(one);
    const accepted = events.filter((event) => this.#marks.accept(event));
    const duplicates = events.length - accepted.length;
    this.#duplicates += duplicates;
    this.#report({ duplicates, forgotten: this.#marks.forgotten - before });
    return accepted;
  }
}

/** Opens the inbox of this workflow: call it before anything that waits. */
export function openInbox<E extends Event>(opening: Opening<E> = {}): Inbox<E> {
  const inbox = new Inbox<E>(opening.inbox, inboxReporter());
  inbox.receive(opening.first ?? [], opening.skipped);
  setHandler(
    eventsSignal,
    (events, skipped) => {
      inbox.receive(events as readonly E[], skipped);
    },
    { description: 'Events routed to this workflow, in batches.' },
  );
  setHandler(inboxQuery, () => inbox.state(), {
    description: 'What was accepted of each source, and what waits to be taken.',
  });
  return inbox;
}

function isAny(): boolean {
  return true;
}

function isOneOf(types: readonly string[]): (event: Event) => boolean {
  return ({ type }) => types.includes(type);
}
