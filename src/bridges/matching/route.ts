/** A route turns a kind of event into a command; a table of routes turns a record into decisions. Pure. */
import type { Event } from '../../workflows/index.js';
import type { Command } from './command.js';
import { createDecoder, type Decoder } from './decoder.js';
import type { Envelope } from './envelope.js';
import { type EventKind, type EventSource, noMatch, type Reading } from './event-source.js';
import { Unreadable } from '../formats/unreadable.js';
import { looksLikeObject, mayHideLetters } from './prefilter.js';
import type { KafkaRecord } from './record.js';
import type { RejectReason } from './rejection.js';
import { RouteFailed } from './route-failure.js';
import { distinctTopics, matchesTopic, type TopicPattern } from './topic-pattern.js';

/** What a route made of a record. */
export type Decision =
  | {
      readonly kind: 'dispatch';
      readonly route: string;
      readonly command: Command;
      /** Should it become a dead letter, the later events of its workflow wait for it. */
      readonly park: boolean;
    }
  | { readonly kind: 'ignore'; readonly route: string; readonly reason: IgnoreReason }
  | {
      readonly kind: 'reject';
      readonly route: string;
      readonly reason: RejectReason;
      readonly detail: string;
      /** The later records of its key wait for it. */
      readonly park: boolean;
    };

/** Why a record was rightly not acted on. */
export type IgnoreReason = 'no-match' | 'tombstone' | 'not-concerned';

/**
 * A named rule. `to` must be a function of the event alone: redelivery yields the same command. What
 * it throws halts the bridge; what is wrong with a record is for the schema of its event to say.
 */
export interface Route {
  readonly name: string;
  readonly kind: EventKind;
  /** In words, for tables and pages: what is done to which workflow. */
  readonly action: string;
  /** Whether later events of its workflow (or records of its key) wait behind a dead letter. */
  readonly onDeadLetter: 'park' | 'skip';
  readonly to: (event: Event) => Command | undefined;
}

/**
 * Defines a route; `to` answers `undefined` where the event does not concern the workflow. Behind a
 * dead letter the later events of its workflow go on (`skip`), unless the route says `park`.
 */
export function defineRoute<E extends Event>(
  name: string,
  kind: EventKind<E>,
  action: string,
  to: (event: E) => Command | undefined,
  { onDeadLetter = 'skip' }: Partial<Pick<Route, 'onDeadLetter'>> = {},
): Route {
  // Sound because only events that `kind` itself made are ever passed to `to`.
  return { name, kind, action, onDeadLetter, to: to as Route['to'] };
}

export interface RouteTable {
  /** What to subscribe to: names, and patterns that Kafka resolves. */
  readonly topics: readonly TopicPattern[];
  /**
   * The decisions on one record; at least one. Where nothing matches it answers with one and the
   * same list, so that this costs nothing.
   * @throws RouteFailed where a route's own code throws; nothing else for what a record holds.
   */
  decide(record: KafkaRecord): readonly Decision[];
}

/** The route that is named where a record is rejected before any route could see it. */
export const everyRoute = '*';

/** The sources of one topic that tell of one kind of event, and who reacts to it. */
interface Reader {
  readonly sources: readonly EventSource[];
  readonly routes: readonly Route[];
}

const unmatched: readonly Decision[] = [{ kind: 'ignore', route: everyRoute, reason: 'no-match' }];
const deleted: readonly Decision[] = [{ kind: 'ignore', route: everyRoute, reason: 'tombstone' }];
const unknownEnvelope: readonly Decision[] = [
  {
    kind: 'reject',
    park: false,
    route: everyRoute,
    reason: 'unknown-envelope',
    detail: 'value has neither `op` and `source` (change event) nor `type` and `data`',
  },
];

/**
 * Compiles routes into a table.
 * @throws Error when two routes share a name.
 */
export function routeTable(
  routes: readonly Route[],
  { decoder = createDecoder() }: { readonly decoder?: Decoder } = {},
): RouteTable {
  const names = new Set(routes.map(({ name }) => name));
  if (names.size !== routes.length) throw new Error('routes: two routes share a name');
  const kinds = [...new Set(routes.map(({ kind }) => kind))];
  const known = new Map<string, readonly Reader[]>();
  const readersOf = (topic: string): readonly Reader[] => {
    let readers = known.get(topic);
    if (readers === undefined) known.set(topic, (readers = readersFor(topic, kinds, routes)));
    return readers;
  };
  return {
    topics: distinctTopics(kinds.flatMap(({ sources }) => sources.flatMap(({ topics }) => topics))),
    decide: (record) => {
      const readers = readersOf(record.topic);
      if (isRuledOut(record, readers)) return unmatched;
      const envelope = decoder.open(record);
      if (envelope.kind === 'unreadable') {
        const { reason, detail } = envelope;
        const park = readers.some(parks);
        return [{ kind: 'reject', route: everyRoute, reason, detail, park }];
      }
      const decisions = readers.flatMap((reader) => react(reader, envelope, record));
      if (decisions.length > 0) return decisions;
      if (envelope.kind === 'tombstone') return deleted;
      const isStrange = envelope.kind === 'plain' && !readers.some(readsPlain);
      return isStrange ? unknownEnvelope : unmatched;
    },
  };
}

function readersFor(
  topic: string,
  kinds: readonly EventKind[],
  routes: readonly Route[],
): readonly Reader[] {
  return kinds.flatMap((kind) => {
    const sources = kind.sources.filter(({ topics }) => matchesTopic(topics, topic));
    return sources.length === 0
      ? []
      : [{ sources, routes: routes.filter((route) => route.kind === kind) }];
  });
}

/** Whether the bytes alone say that nothing matches; see `prefilter.ts`. */
function isRuledOut(record: KafkaRecord, readers: readonly Reader[]): boolean {
  const { value } = record;
  if (value === null || !looksLikeObject(value)) return false;
  for (const { sources } of readers) {
    for (const source of sources) if (source.mayMatch(value, record)) return false;
  }
  return !mayHideLetters(value);
}

function readsPlain({ sources }: Reader): boolean {
  return sources.some(({ reads }) => reads === 'plain');
}

function react({ sources, routes }: Reader, envelope: Envelope, record: KafkaRecord): Decision[] {
  const reading = readingOf({ sources, routes }, envelope, record);
  if (reading.kind === 'no-match') return [];
  if (reading.kind === 'reject') {
    // One dead letter per record and kind of event, however many routes would have reacted.
    const route = routes.map(({ name }) => name).join(',');
    const { reason, detail } = reading;
    return [{ kind: 'reject', route, reason, detail, park: parks({ routes }) }];
  }
  return routes.map((route): Decision => {
    const command = commandOf(route, reading.event);
    return command === undefined
      ? { kind: 'ignore', route: route.name, reason: 'not-concerned' }
      : { kind: 'dispatch', route: route.name, command, park: route.onDeadLetter === 'park' };
  });
}

/** The first event that a source makes of it; else the first rejection. */
function readingOf({ sources, routes }: Reader, envelope: Envelope, record: KafkaRecord): Reading {
  let rejection: Reading | undefined;
  for (const source of sources) {
    const reading = readingFrom(source, envelope, record, routes);
    if (reading.kind === 'event') return reading;
    if (reading.kind === 'reject') rejection ??= reading;
  }
  return rejection ?? noMatch;
}

/** `data`, `where` and schemas are the routes' own code. */
function readingFrom(
  source: EventSource,
  envelope: Envelope,
  record: KafkaRecord,
  routes: readonly Route[],
): Reading {
  try {
    return source.read(envelope, record);
  } catch (error) {
    if (error instanceof Unreadable) {
      return { kind: 'reject', reason: error.reason, detail: error.message };
    }
    throw new RouteFailed(
      routes.map(({ name }) => name),
      error,
    );
  }
}

function commandOf(route: Route, event: Event): Command | undefined {
  try {
    return route.to(event);
  } catch (error) {
    throw new RouteFailed([route.name], error);
  }
}

function parks({ routes }: Pick<Reader, 'routes'>): boolean {
  return routes.some(({ onDeadLetter }) => onDeadLetter === 'park');
}

/** True when a decision under `decided` is one under `route`; a rejection can be under several. */
export function coversRoute(decided: string, route: string): boolean {
  return decided === everyRoute || decided === route || decided.split(',').includes(route);
}
