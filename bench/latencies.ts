/** Latencies of several subjects on one worker, taken in turns: a slow moment hits all alike. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EffectOutcome } from '../src/bridges/matching/command.js';
import type { Laboratory, Step } from './laboratory.js';
import type { Feed, Subject } from './subjects.js';

const perSecond = 15;
/** Five seconds each. */
const perTurn = 75;
const turns = 4;
/** Connections, caches and compilers, Kafka's above all, are cold before that: 10 s at twice the pace. */
const warmUp = { perSecond: 2 * perSecond, count: 300 };

export type Begin = (
  feed: Feed,
) => Promise<Subject & { readonly bring: (step: Step) => Promise<unknown> }>;

export interface Latencies {
  /** From the call of `bring` to the activity, one of each event. */
  readonly ms: readonly number[];
  /** Calls of Temporal per event. */
  readonly requests: number;
}

/** Brings `turns` × 5 s of events by each subject; each has a topic of its own. */
export async function inTurns(
  laboratory: Laboratory,
  begins: readonly Begin[],
): Promise<Latencies[]> {
  const clock = new Clock();
  const worker = await laboratory.worker({
    mark: (steps) => {
      for (const { key } of steps) clock.stop(key);
      return Promise.resolve();
    },
    settle: (events) => {
      for (const { data } of events) clock.stop(data.key);
      return Promise.resolve(events.map((): EffectOutcome => ({ status: 'done' })));
    },
  });
  const all = [];
  for (const begin of begins) {
    const topic = await laboratory.topic();
    const subject = await begin({ topic, taskQueue: worker.taskQueue });
    all.push({ subject, ms: [] as number[], calls: 0 });
  }
  for (const [index, { subject }] of all.entries()) {
    await turnOf(subject, clock, { name: `${String(index)}.warm`, ...warmUp });
  }
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, one] of all.entries()) {
      const before = laboratory.calls();
      const name = `${String(index)}.${String(turn)}`;
      one.ms.push(...(await turnOf(one.subject, clock, { name, perSecond, count: perTurn })));
      one.calls += laboratory.calls() - before;
    }
  }
  for (const { subject } of all) await subject.stop();
  await worker.stop();
  return all.map(({ ms, calls }) => ({ ms, requests: calls / ms.length }));
}

async function turnOf(
  { bring }: Awaited<ReturnType<Begin>>,
  clock: Clock,
  { name, perSecond, count }: { name: string; perSecond: number; count: number },
): Promise<number[]> {
  const start = performance.now();
  for (let index = 0; index < count; index += 1) {
    // Never in step with anything that beats regularly.
    const due = start + ((index + Math.random() / 2) * 1_000) / perSecond;
    await sleep(Math.max(0, due - performance.now()));
    const key = `${name}.${String(index)}`;
    clock.start(key);
    await bring({ key, n: 0 });
  }
  return clock.taken(count);
}

class Clock {
  readonly #started = new Map<string, number>();
  #taken: number[] = [];

  start(key: string): void {
    this.#started.set(key, performance.now());
  }

  stop(key: string): void {
    this.#taken.push(performance.now() - (this.#started.get(key) ?? Number.NaN));
    this.#started.delete(key);
  }

  /** What was taken since the last time, once there are `count`. */
  async taken(count: number): Promise<number[]> {
    while (this.#taken.length < count) await sleep(5);
    const taken = this.#taken;
    this.#taken = [];
    return taken;
  }
}
