/**
 * The inbox: the authority on what a workflow has already applied, and the place where an event
 * that comes before its state is kept.
 *
 * I1 An event is accepted at most once: its position must lie beyond the mark of its source, or on
 *    the mark with an id not yet seen there (one log position can carry several row changes).
 * I2 Accepted events are taken in the order of acceptance; none is dropped because of state.
 * I3 `state()` carries marks and untaken events through continue-as-new; its size is bounded by
 *    the number of sources plus what waits.
 */
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import type { Duration } from '@temporalio/common';
import type { Event } from './event.js';

/** One signal carries any number of events of any types: one history event for a whole batch. */
export const eventsSignal = defineSignal<[readonly Event[]]>('headrace.events');

/** How far one source has been accepted: the highest position, and the ids seen exactly there. */
export interface Mark {
  readonly at: string;
  readonly ids: readonly string[];
}

/** What continue-as-new must carry. */
export interface InboxState<E extends Event = Event> {
  readonly marks: Readonly<Record<string, Mark>>;
  readonly waiting: readonly E[];
  readonly duplicates: number;
}

const empty: InboxState<never> = { marks: {}, waiting: [], duplicates: 0 };

/** Accepts `event` against `marks`: the new mark of its source, or `undefined` for a duplicate. */
export function accept(mark: Mark | undefined, event: Event): Mark | undefined {
  const { at } = event.position;
  if (mark === undefined || at > mark.at) return { at, ids: [event.id] };
  if (at === mark.at && !mark.ids.includes(event.id)) return { at, ids: [...mark.ids, event.id] };
  return undefined;
}

/** A workflow's typed view of the events routed to it. */
export class Inbox<E extends Event> {
  readonly #marks: Map<string, Mark>;
  readonly #waiting: E[];
  #duplicates: number;

  constructor(carried: InboxState<E> = empty) {
    this.#marks = new Map(Object.entries(carried.marks));
    this.#waiting = [...carried.waiting];
    this.#duplicates = carried.duplicates;
  }

  /** Events that came again and were dropped. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Accepts a batch, in order; duplicates are counted and dropped. */
  receive(events: readonly E[]): void {
    for (const event of events) {
      const mark = accept(this.#marks.get(event.position.source), event);
      if (mark === undefined) {
        this.#duplicates += 1;
      } else {
        this.#marks.set(event.position.source, mark);
        this.#waiting.push(event);
      }
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
      marks: Object.fromEntries(this.#marks),
      waiting: [...this.#waiting],
      duplicates: this.#duplicates,
    };
  }
}

/**
 * The part of a workflow's argument that belongs to the inbox: events that came with the start
 * itself, or what the run before this one carried over.
 */
export interface Opening<E extends Event = Event> {
  readonly first?: readonly E[];
  readonly inbox?: InboxState<E>;
}

/** Opens the inbox of this workflow: call it before anything that waits. */
export function openInbox<E extends Event>(opening: Opening<E> = {}): Inbox<E> {
  const inbox = new Inbox<E>(opening.inbox);
  inbox.receive(opening.first ?? []);
  setHandler(
    eventsSignal,
    (events) => {
      inbox.receive(events as readonly E[]);
    },
    { description: 'Events routed to this workflow, in batches.' },
  );
  return inbox;
}
