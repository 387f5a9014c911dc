/** `starts`: a workflow with one durable step per event, all keys distinct. */
import { headraceSteps, naiveSteps, rawSteps } from './fed.js';
import type { Laboratory } from './laboratory.js';
import { figure, mean, type Scenario } from './scenario.js';
import type { Throughput } from './throughput.js';

/** In turn, so that slow minutes and a server that fills up hit both. */
const rounds = 4;
/** Long enough that joining the group, some hundred milliseconds, is no part of the figure. */
const perRound = 1_000;
/** Until code and connections are warm. */
const warmUp = 300;
/** Which is best depends on machine and server. */
const concurrencies = [2, 4, 8, 32];
/**
 * What is best is found first, by runs that count for nothing else: the highest of several noisy
 * figures is higher than what it measures.
 */
const trials = { rounds: 2, perRound: 250 };
/** The naive loop's rate is steady, so fewer events tell it. */
const naiveCount = 300;

export const starts: Scenario = async (laboratory, report) => {
  // Cold code is slow, whoever comes first.
  await headraceSteps(laboratory, distinct(warmUp), 1);
  const tried = await trialsOf(laboratory);
  const best = tried.reduce((one, other) => (other.rate > one.rate ? other : one));
  const ours: Throughput[] = [];
  const raw: number[] = [];
  const steps = distinct(perRound);
  const turns = [
    async () => ours.push(await headraceSteps(laboratory, steps, 1)),
    async () => raw.push((await rawSteps(laboratory, steps, best.at)).perSecond),
  ];
  for (let round = 0; round < rounds; round += 1) {
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
  }
  const naive = await naiveSteps(laboratory, distinct(naiveCount), 1);
  const rates = ours.map(({ perSecond }) => perSecond);
  report(
    figure(
      {
        scenario: 'starts',
        metric: 'events/s, 4,000 distinct payments, against the raw client',
        value: mean(rates),
        baseline: mean(raw),
      },
      {
        bestConcurrency: best.at,
        ...Object.fromEntries(tried.map(({ at, rate }) => [`trial${String(at)}`, rate])),
        slowest: Math.min(...rates),
        fastest: Math.max(...rates),
        rawSlowest: Math.min(...raw),
        rawFastest: Math.max(...raw),
        naive: naive.perSecond,
        repeated: ours.reduce((sum, { repeated }) => sum + repeated, 0),
        requests: mean(ours.map(({ requests }) => requests)),
      },
    ),
  );
};

/** The raw client's rate at each concurrency. */
async function trialsOf(laboratory: Laboratory): Promise<{ at: number; rate: number }[]> {
  const steps = distinct(trials.perRound);
  const rates = new Map<number, number[]>(concurrencies.map((at) => [at, []]));
  for (let round = 0; round < trials.rounds; round += 1) {
    for (const [at, all] of rates) all.push((await rawSteps(laboratory, steps, at)).perSecond);
  }
  return [...rates].map(([at, all]) => ({ at, rate: mean(all) }));
}

function distinct(events: number): { key: string; n: number }[] {
  return Array.from({ length: events }, (_, index) => ({ key: `k${String(index)}`, n: 0 }));
}
