/**
 * The inbox: the authority on what a workflow has already applied (`marks.ts`, I1 to I5), and the
 * place where an event that comes before its state is kept.
 *
 * I6 Accepted events are taken in the order of acceptance; none is dropped because of state.
 * I7 `state()` carries marks and untaken events through continue-as-new; its size is bounded by
 *    the number of sources plus what waits.
 */
import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import type { Duration } from '@temporalio/common';
import type { Event, Skipped } from './event.js';
import { Marks, type MarksState } from './marks.js';

/** One signal carries any number of events of any types: one history event for a whole batch. */
export const eventsSignal =
  defineSignal<[readonly Event[], (readonly Skipped[])?]>('headrace.events');

/** What the inbox has come to; a closed run answers too, and the next run can begin with it. */
export const inboxQuery = defineQuery<InboxState>('headrace.inbox');

/** What continue-as-new must carry. */
export interface InboxState<E extends Event = Event> extends MarksState {
  readonly waiting: readonly E[];
  readonly duplicates: number;
}

/** A workflow's typed view of the events routed to it. */
export class Inbox<E extends Event> {
  readonly #marks: Marks;
  readonly #waiting: E[];
  #duplicates: number;

  constructor(carried?: InboxState<E>) {
    this.#marks = new Marks(carried);
    this.#waiting = [...(carried?.waiting ?? [])];
    this.#duplicates = carried?.duplicates ?? 0;
  }

  /** Events that came again and were dropped. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Accepts a batch, in order, after what it passes over; duplicates are counted and dropped. */
  receive(events: readonly E[], skipped: readonly Skipped[] = []): void {
    for (const one of skipped) this.#marks.skip(one);
    for (const event of events) {
      if (this.#marks.accept(event)) this.#waiting.push(event);
      else this.#duplicates += 1;
    }
  }

  /** The oldest waiting event of one of `types` (of any type if none is named), removed. */
  poll<T extends E['type']>(...types: readonly T[]): Extract<E, { type: T }> | undefined {
    const index = this.#waiting.findIndex(
      (event) => types.length === 0 || types.some((type) => type === event.type),
    );
    if (index < 0) return undefined;
    const [event] = this.#waiting.splice(index, 1);
    return event as Extract<E, { type: T }> | undefined;
  }

  /** True when an event of one of `types` waits. */
  has(...types: readonly E['type'][]): boolean {
    return this.#waiting.some(
      (event) => types.length === 0 || types.some((type) => type === event.type),
    );
  }

  /** Resolves with the next event of `types`, or with `undefined` once `timeout` has passed. */
  async next<T extends E['type']>(
    types: readonly T[],
    timeout?: Duration,
  ): Promise<Extract<E, { type: T }> | undefined> {
    if (timeout === undefined) await condition(() => this.has(...types));
    else await condition(() => this.has(...types), timeout);
    return this.poll(...types);
  }

  /** What the next run must be given. Everything in it is plain JSON. */
  state(): InboxState<E> {
    return {
      ...this.#marks.state(),
      waiting: [...this.#waiting],
      duplicates: this.#duplicates,
    };
  }
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

/** Opens the inbox of this workflow: call it before anything that waits. */
export function openInbox<E extends Event>(opening: Opening<E> = {}): Inbox<E> {
  const inbox = new Inbox<E>(opening.inbox);
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
