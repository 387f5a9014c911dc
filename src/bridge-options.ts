/** What a bridge is given, and what holds where nothing is said. Pure. */
import type { Client } from '@temporalio/client';
import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { createDecoder, type Decoder } from './bridges/matching/decoder.js';
import { defaultLimits, type EngineLimits } from './bridges/engine/engine-ports.js';
import type { HoldingStore } from './bridges/holding/held.js';
import { type Observer, silent, tellAll } from './bridges/engine/observer.js';
import { type Route, type RouteTable, routeTable } from './bridges/matching/route.js';
import { deadLetterTopic } from './bridges/shop-topics.js';
import { createLog } from './log.js';

/** The first four are needed; everything else has a default. */
export interface BridgeOptions {
  readonly kafka: Kafka;
  /**
   * Best over a `NativeConnection`. Any other should repeat no calls by itself, which a `Connection`
   * does unless it is given `interceptors: []`: the limiter sees only what it is told. Its data
   * converter is used, codecs included.
   */
  readonly client: Client;
  readonly routes: readonly Route[];
  /** The consumer group: bridges of one group share the partitions. Its offsets are the progress. */
  readonly groupId: string;
  /** Where the workers of the started workflows poll; default `headrace`. */
  readonly taskQueue?: string;
  /** Default: the client's. */
  readonly namespace?: string;
  /** How values are read; default: JSON in its known forms, without a schema registry. */
  readonly decoder?: Decoder;
  /** Default `headrace.dead-letters`; it is created where it is missing. */
  readonly deadLetterTopic?: string;
  /** Of topics whose own identity is not known; default `0`. */
  readonly generation?: string;
  /**
   * What to do when records passed their retention unread, or a log was cut off; default `halt`:
   * never a silent jump.
   */
  readonly whenRecordsAreGone?: 'halt' | 'continue';
  /** Default: JSON lines from `info` on, to standard error. */
  readonly log?: Logger;
  /** Where records are held; without it no route can park, and nothing can be redriven. */
  readonly store?: HoldingStore;
  /** True: a worker of the task queue shares the client's connection, and starts are handed to it. */
  readonly eager?: boolean;
  readonly limits?: EngineLimits;
  readonly observer?: Partial<Observer>;
}

/** The options with every default filled in. */
export interface BridgeSettings {
  readonly kafka: Kafka;
  readonly client: Client;
  readonly groupId: string;
  readonly taskQueue: string;
  readonly namespace: string;
  readonly decoder: Decoder;
  readonly table: RouteTable;
  readonly deadLetterTopic: string;
  readonly generation: string;
  readonly whenRecordsAreGone: 'halt' | 'continue';
  readonly log: Logger;
  readonly store: HoldingStore | undefined;
  readonly eager: boolean;
  readonly limits: EngineLimits;
  readonly observer: Observer;
}

/** Thrown at launch for options that no bridge could work with; the message lists every problem. */
export class BridgeRefused extends Error {
  override readonly name = 'BridgeRefused';
}

/** @throws BridgeRefused */
export function settingsOf(options: BridgeOptions): BridgeSettings {
  const problems = problemsOf(options);
  if (problems.length > 0) {
    const list = problems.map((problem) => `  ${problem}`).join('\n');
    throw new BridgeRefused(`bridge: it cannot be started:\n${list}`);
  }
  const { kafka, client, routes, groupId, decoder = createDecoder(), observer } = options;
  return {
    ...{ kafka, client, groupId, decoder },
    taskQueue: options.taskQueue ?? 'headrace',
    namespace: options.namespace ?? client.options.namespace,
    table: routeTable(routes, { decoder }),
    deadLetterTopic: options.deadLetterTopic ?? deadLetterTopic,
    generation: options.generation ?? '0',
    whenRecordsAreGone: options.whenRecordsAreGone ?? 'halt',
    log: options.log ?? createLog('info', 2),
    store: options.store,
    eager: options.eager ?? false,
    limits: options.limits ?? defaultLimits,
    observer: observer === undefined ? silent : tellAll([observer]),
  };
}

function problemsOf({ routes, groupId, store }: BridgeOptions): string[] {
  const parking = routes.filter(({ onDeadLetter }) => onDeadLetter === 'park');
  const names = routes.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [
    ...(groupId === '' ? ['groupId: is empty: name the consumer group'] : []),
    ...(routes.length === 0 ? ['routes: there are none: define at least one'] : []),
    ...(store === undefined ? parking : []).map(
      ({ name }) => `routes: ${JSON.stringify(name)} parks, which needs a store: hand one in`,
    ),
    ...[...twice].map((name) => `routes: ${JSON.stringify(name)} is the name of two: rename one`),
  ];
}
