/** `keyed`: many events for few workflows, in order. */
import { headraceSteps, naiveSteps } from './fed.js';
import { figure, type Scenario } from './scenario.js';

const keys = 100;
const eventsPerKey = 100;
const naivePerKey = 10;

export const keyed: Scenario = async (laboratory, report) => {
  const naive = await naiveSteps(laboratory, spread(naivePerKey), naivePerKey);
  const ours = await headraceSteps(laboratory, spread(eventsPerKey), eventsPerKey);
  const { perSecond: value, violations, repeated, requests } = ours;
  report(
    figure(
      {
        scenario: 'keyed',
        metric: 'events/s, 10,000 events over 100 workflows, against a naive loop',
        ...{ value, baseline: naive.perSecond },
      },
      { violations, repeated, requests, naiveRequests: naive.requests },
    ),
  );
};

/** Event 0 of every key, then event 1 of every key, and so on. */
function spread(perKey: number): { key: string; n: number }[] {
  return Array.from({ length: perKey * keys }, (_, index) => ({
    key: `k${String(index % keys)}`,
    n: Math.floor(index / keys),
  }));
}
