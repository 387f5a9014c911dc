/**
 * One round of the crash matrix: load, kills at moments drawn by lot, then rest, until everything
 * that was asked for is recorded; then the verdict.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { watchConnector } from './connector-watch.js';
import {
  appliedIn,
  attemptsIn,
  countApplied,
  effectsTwice,
  expectationOf,
  paymentsIn,
  setAside,
} from './evidence.js';
import { type Pace, planOf } from './kill-plan.js';
import { startLoad } from './load.js';
import { openScene, type Scene, type SceneOptions } from './scene.js';
import { type Death, Stage, type StackControl } from './stage.js';
import type { OwnEnd } from './supervised.js';
import { type Findings, judge } from './verdict.js';

export interface RoundOptions extends SceneOptions {
  readonly control: StackControl;
  readonly seed: number;
  readonly kills: number;
  readonly pace: Pace;
  /** How long the rest may last, ms. */
  readonly restMs: number;
  readonly progress: (line: string) => void;
}

export interface Outcome extends Findings {
  readonly events: number;
  readonly payments: number;
  readonly deaths: readonly Death[];
  /** Payments that are not recovered, and those that were not once. */
  readonly unpaid: readonly string[];
  readonly paidNotOnce: readonly string[];
  readonly chargedTwice: readonly string[];
  readonly effectsTwice: readonly string[];
  readonly setAside: readonly string[];
  /** Processes of Headrace's that ended by themselves after they had begun to run. */
  readonly ends: readonly OwnEnd[];
  readonly restMs: number;
}

/** @throws Error where the load never gets through. */
export async function playRound(options: RoundOptions): Promise<Outcome> {
  const { addresses, seed, progress } = options;
  const scene = await openScene(options);
  const { kafka, pool, round, own } = scene;
  const over = new AbortController();
  const watching = watchConnector(addresses.connectUrl, addresses.databaseUrl, over.signal);
  try {
    own.bridge.start();
    own.worker.start();
    const load = startLoad({ kafka, pool, round, seed });
    const stage = new Stage(options.control, own);
    try {
      const isFlowing = async (): Promise<boolean> => (await countApplied(pool, round)) > 0;
      await until('the first event is recorded', 90_000, isFlowing);
      await stage.strike(planOf(seed, options.kills, options.pace), (done) => {
        if (done % 10 === 0) void tell(scene, done, progress);
      });
    } finally {
      await load.stop();
    }
    return await reckon(options, scene, stage.deaths);
  } finally {
    over.abort();
    await watching;
    await scene.close();
  }
}

/** Waits until all that is in the log and in the books is done, at most so long; then judges. */
async function reckon(
  { progress, restMs: atMost }: RoundOptions,
  { kafka, pool, round, gateway, own }: Scene,
  deaths: readonly Death[],
): Promise<Outcome> {
  const beganMs = Date.now();
  const expected = await expectationOf(kafka, pool, round);
  const events = [...expected.values()].reduce((sum, stream) => sum + stream.length, 0);
  progress(`  rests until ${String(events)} events are recorded`);
  const isOver = async (): Promise<boolean> =>
    (await countApplied(pool, round)) >= events &&
    (await paymentsIn(pool, round)).open.length === 0;
  // What is still missing then is what the verdict names.
  await until('all is recorded', atMost, isOver).catch(() => undefined);
  const restMs = Date.now() - beganMs;
  const [applied, attempts] = [await appliedIn(pool, round), await attemptsIn(pool, round)];
  const paid = await paymentsIn(pool, round);
  const isChargedAgain = (id: string): boolean =>
    gateway.charge(`payment-recovery:${id}/2`)?.answer.status === 'succeeded';
  return {
    ...judge({ expected, applied, attempts, deaths }),
    ...{ events, restMs, deaths },
    payments: paid.ids.length,
    unpaid: paid.open,
    paidNotOnce: paid.notOnce,
    chargedTwice: paid.ids.filter(isChargedAgain),
    effectsTwice: await effectsTwice(pool, round),
    setAside: await setAside(pool, round),
    ends: [...own.bridge.ownEnds, ...own.worker.ownEnds].filter(({ wasReady }) => wasReady),
  };
}

async function tell(
  { pool, round }: Scene,
  done: number,
  progress: (line: string) => void,
): Promise<void> {
  // Postgres may be the one that is down.
  const count = await countApplied(pool, round).catch(() => undefined);
  const recorded = count === undefined ? '' : `, ${String(count)} events recorded`;
  progress(`  ${String(done)} kills${recorded}`);
}

/** Waits until it `holds`; what cannot be asked yet does not hold. @throws Error after `withinMs`. */
export async function until(
  what: string,
  withinMs: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error(`not within ${String(withinMs)} ms: ${what}`);
    await sleep(250);
  }
}
