/**
 * `latency`: from produce to the first activity, at a steady 15 events per second; beside it the raw
 * client, from its call to the first activity, which is the share of Temporal and the worker.
 */
import type { Route } from '../src/bridges/matching/route.js';
import { produce } from './events.js';
import type { Laboratory } from './laboratory.js';
import { type Begin, inTurns, type Latencies } from './latencies.js';
import { rawEffect, rawStart } from './raw.js';
import { effectsRoute, stepsRoute } from './routes.js';
import { type Figure, figure, percentile, type Scenario } from './scenario.js';
import { headrace, naiveLoop } from './subjects.js';

export const latency: Scenario = async (laboratory, report) => {
  const apart = { local: false, eager: false };
  const [naive, ...others] = await inTurns(laboratory, [
    naiveOf(laboratory),
    bridgeOf(laboratory, (topic) => stepsRoute(topic, { eventsPerKey: 1 }), false),
    (feed) => still((step) => rawStart(laboratory, feed, { step, ...apart })),
  ]);
  report({
    ...line('a workflow start, worker in another process', others),
    naiveP50: percentile(naive?.ms ?? [], 50),
    naiveP99: percentile(naive?.ms ?? [], 99),
  });
  const together = { local: true, eager: true };
  const starts = await inTurns(laboratory, [
    bridgeOf(laboratory, (topic) => stepsRoute(topic, { eventsPerKey: 1, local: true }), true),
    (feed) => still((step) => rawStart(laboratory, feed, { step, ...together })),
  ]);
  report(line('a workflow start, worker in the same process', starts));
  const effects = await inTurns(laboratory, [
    bridgeOf(laboratory, (topic) => effectsRoute(topic), true),
    (feed) => still((step) => rawEffect(laboratory, feed, step)),
  ]);
  report(line('an effect', effects));
};

function bridgeOf(laboratory: Laboratory, route: (topic: string) => Route, eager: boolean): Begin {
  return async ({ topic, taskQueue }) => {
    const subject = await headrace(laboratory, { taskQueue, route: route(topic), eager });
    return { ...subject, bring: (step) => produce(laboratory.producer, topic, [step]) };
  };
}

function naiveOf(laboratory: Laboratory): Begin {
  return async (feed) => {
    const subject = await naiveLoop(laboratory, { ...feed, eventsPerKey: 1 });
    return { ...subject, bring: (step) => produce(laboratory.producer, feed.topic, [step]) };
  };
}

/** Nothing has to run beside it. */
function still(bring: Awaited<ReturnType<Begin>>['bring']): ReturnType<Begin> {
  return Promise.resolve({ bring, stop: () => Promise.resolve() });
}

function line(what: string, [ours, raw]: readonly Latencies[]): Figure {
  const at = (latencies: Latencies | undefined, p: number): number =>
    percentile(latencies?.ms ?? [], p);
  return figure(
    {
      scenario: 'latency',
      metric: `ms from produce to first activity, 15/s, p99: ${what}; raw client from its call`,
      ...{ value: at(ours, 99), baseline: at(raw, 99) },
    },
    {
      ...{ p50: at(ours, 50), p99: at(ours, 99) },
      ...{ baselineP50: at(raw, 50), baselineP99: at(raw, 99) },
      addedP50: at(ours, 50) - at(raw, 50),
      requests: ours?.requests ?? Number.NaN,
    },
  );
}
