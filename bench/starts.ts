/** `starts`: a workflow with one durable step per event, all keys distinct. */
import { figure, type Scenario } from './scenario.js';
import { headrace, naiveLoop } from './subjects.js';
import { throughputOf } from './throughput.js';

const count = 2_000;
/** The naive loop is an order of magnitude slower; its rate is steady, so fewer events tell it. */
const naiveCount = 500;

export const starts: Scenario = async (laboratory, report) => {
  const naive = await throughputOf(laboratory, naiveLoop, distinct(naiveCount), 1);
  const ours = await throughputOf(laboratory, headrace, distinct(count), 1);
  report(
    figure(
      {
        scenario: 'starts',
        metric: 'events/s, 2,000 distinct payments, to the step of the last',
        value: ours.perSecond,
        baseline: naive.perSecond,
      },
      { repeated: ours.repeated },
    ),
  );
};

function distinct(events: number): { key: string; n: number }[] {
  return Array.from({ length: events }, (_, index) => ({ key: `k${String(index)}`, n: 0 }));
}
