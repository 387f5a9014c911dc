/**
 * An event as workflows see it: a decoded, validated fact. JSON only, because it is persisted in
 * histories: times are ISO strings, money is a decimal string, ids are strings.
 */
export interface Event<Type extends string = string, Data = unknown> {
  /** The producer's (of an application event, CloudEvent, outbox row), else made of the position. */
  readonly id: string;
  readonly type: Type;
  /**
   * True: the id is the producer's, and with the type it means the same fact wherever it is
   * published. Absent: the position says which fact it is. Set by the bridge.
   */
  readonly ownId?: true;
  /** ISO 8601, UTC. */
  readonly occurredAt: string;
  readonly position: Position;
  readonly data: Data;
  /**
   * Set by the bridge on an event that was set aside and comes after later ones of its source.
   * `held`: it was announced as skipped, or may have been applied before: accepted only where it is
   * a recorded hole or was never passed. `undecided`: nothing could read it before, so nobody can
   * have applied it: accepted unless its id was seen among the late ones.
   */
  readonly late?: 'held' | 'undecided';
}

/**
 * The event's place in its source stream. `at` strings of one source compare lexicographically
 * in stream order (fixed-width digits), and never decrease along one Kafka partition.
 */
export interface Position {
  /** For example `kafka:shop.events#0/3` or `postgres:ecommerce.public.payments/3`. */
  readonly source: string;
  readonly at: string;
}

/** An event of the same workflow that the bridge passes over for now: it comes later, or never. */
export interface Skipped {
  readonly id: string;
  readonly position: Position;
  /** With `ownId`, as in the event; an id that is made of the position needs neither. */
  readonly type?: string;
  readonly ownId?: true;
  /** True: it was discarded, so that nothing comes of it any more. */
  readonly over?: true;
}

/** What is told of an event that is passed over. */
export function skippedOf({ id, type, ownId, position }: Skipped): Skipped {
  return ownId === true && type !== undefined ? { id, type, ownId, position } : { id, position };
}

/** Equal for the same fact: an id of the producer's, with the type; else the id. */
export function identityOf({ id, type, ownId }: Omit<Skipped, 'position'>): string {
  return ownId === true && type !== undefined ? `${type}\n${id}` : id;
}
