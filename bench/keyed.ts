/** `keyed`: many events for few workflows, in order. */
import { figure, type Scenario } from './scenario.js';
import { headrace, naiveLoop } from './subjects.js';
import { throughputOf } from './throughput.js';

const keys = 100;
const eventsPerKey = 100;
const naivePerKey = 10;

export const keyed: Scenario = async (laboratory, report) => {
  const naive = await throughputOf(laboratory, naiveLoop, spread(naivePerKey), naivePerKey);
  const ours = await throughputOf(laboratory, headrace, spread(eventsPerKey), eventsPerKey);
  report(
    figure(
      {
        scenario: 'keyed',
        metric: 'events/s, 10,000 events over 100 workflows',
        value: ours.perSecond,
        baseline: naive.perSecond,
      },
      { violations: ours.violations, repeated: ours.repeated },
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
