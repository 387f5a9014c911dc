/** A route turns a kind of event into a command; a table of routes turns a record into decisions. Pure. */
import type { Event } from '../workflows/index.js';
import type { Command } from './command.js';
import { type Envelope, openEnvelope } from './envelope.js';
import type { EventKind, EventSource } from './event-source.js';
import type { KafkaRecord } from './record.js';
import type { RejectReason } from './rejection.js';

/** What a route made of a record. */
export type Decision =
  | { readonly kind: 'dispatch'; readonly route: string; readonly command: Command }
  | { readonly kind: 'ignore'; readonly route: string; readonly reason: IgnoreReason }
  | {
      readonly kind: 'reject';
      readonly route: string;
      readonly reason: RejectReason;
      readonly detail: string;
    };

/** Why a record was rightly not acted on. */
export type IgnoreReason = 'no-match' | 'tombstone' | 'not-concerned';

/** A named rule. `to` must be a function of the event alone: redelivery yields the same command. */
export interface Route {
  readonly name: string;
  readonly kind: EventKind;
  /** In words, for tables and pages: what is done to which workflow. */
  readonly action: string;
  readonly to: (event: Event) => Command | undefined;
}

/** Defines a route; `to` answers `undefined` where the event does not concern the workflow. */
export function defineRoute<E extends Event>(
  name: string,
  kind: EventKind<E>,
  action: string,
  to: (event: E) => Command | undefined,
): Route {
  // Sound because only events that `kind` itself made are ever passed to `to`.
  return { name, kind, action, to: to as Route['to'] };
}

export interface RouteTable {
  readonly topics: readonly string[];
  /** The decisions on one record; at least one. Never throws for what a record holds. */
  decide(record: KafkaRecord): readonly Decision[];
}

/** The route that is named where a record is rejected before any route could see it. */
export const everyRoute = '*';

interface Reader {
  readonly source: EventSource;
  readonly routes: readonly Route[];
}

const unmatched: readonly Decision[] = [{ kind: 'ignore', route: everyRoute, reason: 'no-match' }];
const tombstone: readonly Decision[] = [{ kind: 'ignore', route: everyRoute, reason: 'tombstone' }];
const unknownEnvelope: readonly Decision[] = [
  {
    kind: 'reject',
    route: everyRoute,
    reason: 'unknown-envelope',
    detail: 'value has neither `op` and `source` (change event) nor `type` and `data`',
  },
];

/**
 * Compiles routes into a table.
 * @throws Error when two routes share a name.
 */
export function routeTable(routes: readonly Route[]): RouteTable {
  const names = new Set(routes.map(({ name }) => name));
  if (names.size !== routes.length) throw new Error('routes: two routes share a name');
  const readers = new Map<string, Reader[]>();
  for (const kind of new Set(routes.map((route) => route.kind))) {
    const reacting = routes.filter((route) => route.kind === kind);
    for (const source of kind.sources) {
      const ofTopic = readers.get(source.topic) ?? [];
      readers.set(source.topic, [...ofTopic, { source, routes: reacting }]);
    }
  }
  return {
    topics: [...readers.keys()],
    decide: (record) => {
      const envelope = openEnvelope(record);
      if (envelope.kind === 'tombstone') return tombstone;
      if (envelope.kind === 'unreadable') {
        const { reason, detail } = envelope;
        return [{ kind: 'reject', route: everyRoute, reason, detail }];
      }
      if (envelope.kind === 'plain') return unknownEnvelope;
      const decisions = (readers.get(record.topic) ?? []).flatMap((reader) =>
        react(reader, envelope, record),
      );
      return decisions.length === 0 ? unmatched : decisions;
    },
  };
}

function react({ source, routes }: Reader, envelope: Envelope, record: KafkaRecord): Decision[] {
  const reading = source.read(envelope, record);
  if (reading.kind === 'no-match') return [];
  if (reading.kind === 'reject') {
    // One dead letter per record and kind of event, however many routes would have reacted.
    const route = routes.map(({ name }) => name).join(',');
    return [{ kind: 'reject', route, reason: reading.reason, detail: reading.detail }];
  }
  return routes.map((route): Decision => {
    const command = route.to(reading.event);
    return command === undefined
      ? { kind: 'ignore', route: route.name, reason: 'not-concerned' }
      : { kind: 'dispatch', route: route.name, command };
  });
}
