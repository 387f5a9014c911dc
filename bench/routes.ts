/** The routes of the benchmarks, over application events of one topic. */
import { z } from 'zod';
import { application } from '../src/bridges/matching/application-source.js';
import { effectsOf, signalWithStart } from '../src/bridges/matching/command.js';
import type { EventKind } from '../src/bridges/matching/event-source.js';
import { defineRoute, type Route } from '../src/bridges/matching/route.js';
import type { BenchActivities } from './laboratory.js';
import { type BenchEvent, benchSteps } from './workflows/index.js';

const data = z.object({ key: z.string(), n: z.number() });

function kindOf(topic: string): EventKind<BenchEvent> {
  const type = 'bench.event';
  return { type, sources: [application<BenchEvent>({ type, topic, data })] };
}

export interface StepsOptions {
  /** How many events each workflow gets. */
  readonly eventsPerKey: number;
  readonly local?: boolean;
}

/** A workflow per key, a step per event. */
export function stepsRoute(topic: string, options: StepsOptions): Route {
  const { eventsPerKey: events, local = false } = options;
  return defineRoute('bench', kindOf(topic), 'signal or start benchSteps', (event) => {
    const { key } = event.data;
    return signalWithStart(
      benchSteps,
      workflowIdOf(topic, key),
      event,
      { key, events, local },
      { listing: { attributes: {}, summary: `Bench ${key}` }, whenClosed: 'leave-closed' },
    );
  });
}

/**
 * An effect per event, no workflow. `series` sets those apart that read the same records again: the
 * server would recognise the lists of the time before, and not run them.
 */
export function effectsRoute(
  topic: string,
  { kind = kindOf(topic), series = '' }: { kind?: EventKind<BenchEvent>; series?: string } = {},
): Route {
  const { runList } = effectsOf<BenchActivities>();
  return defineRoute('bench', kind, 'run settle', (event) =>
    runList('settle', { ...event, id: `${series}${event.id}` }, { key: event.data.key }),
  );
}

export function workflowIdOf(topic: string, key: string): string {
  return `${topic}:${key}`;
}
