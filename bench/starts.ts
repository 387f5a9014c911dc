/** `starts`: a workflow with one durable step per event, all keys distinct. */
import { headraceSteps, naiveSteps, rawSteps } from './fed.js';
import { figure, mean, type Scenario } from './scenario.js';
import type { Throughput } from './throughput.js';

/** In turn, each round beginning elsewhere, so that slow minutes and full servers hit all. */
const rounds = 3;
const perRound = 1_000;
/** Which is best depends on machine and server. */
const concurrencies = [4, 8, 32];
/** The naive loop is slower; its rate is steady, so fewer events tell it. */
const naiveCount = 300;

export const starts: Scenario = async (laboratory, report) => {
  const steps = distinct(perRound);
  // Cold code is slow, whoever comes first.
  await headraceSteps(laboratory, steps, 1);
  const raw = new Map<number, number[]>(concurrencies.map((at) => [at, []]));
  const ours: Throughput[] = [];
  const turns = [...raw].map(([concurrency, rates]) => async () => {
    rates.push((await rawSteps(laboratory, steps, concurrency)).perSecond);
  });
  turns.push(async () => {
    ours.push(await headraceSteps(laboratory, steps, 1));
  });
  for (let round = 0; round < rounds; round += 1) {
    for (const turn of [...turns.slice(round), ...turns.slice(0, round)]) await turn();
  }
  const naive = await naiveSteps(laboratory, distinct(naiveCount), 1);
  const rates = [...raw].map(([at, all]) => ({ at, rate: mean(all) }));
  const best = rates.reduce((one, other) => (other.rate > one.rate ? other : one));
  report(
    figure(
      {
        scenario: 'starts',
        metric: `events/s, 3,000 distinct payments, against the raw client`,
        value: mean(ours.map(({ perSecond }) => perSecond)),
        baseline: best.rate,
      },
      {
        bestConcurrency: best.at,
        ...Object.fromEntries(rates.map(({ at, rate }) => [`raw${String(at)}`, rate])),
        naive: naive.perSecond,
        repeated: ours.reduce((sum, { repeated }) => sum + repeated, 0),
        requests: mean(ours.map(({ requests }) => requests)),
      },
    ),
  );
};

function distinct(events: number): { key: string; n: number }[] {
  return Array.from({ length: events }, (_, index) => ({ key: `k${String(index)}`, n: 0 }));
}
