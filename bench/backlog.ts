/**
 * `backlog`: three million records wait; a bridge in a process of its own works them off. First
 * Temporal is frozen, so that its windows fill, then it goes on. Its memory must stay flat.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Producer } from 'kafkajs';
import type { EffectOutcome } from '../src/bridges/matching/command.js';
import type { BacklogReport, BacklogTask } from './backlog-bridge.js';
import type { Laboratory } from './laboratory.js';
import { figure, type Scenario } from './scenario.js';

const count = 3_000_000;
/** Of so many records one has an effect. */
const oneIn = 100;
const perSend = 10_000;
/** How long Temporal is away once the windows are full. */
const frozenMs = 10_000;

export const backlog: Scenario = async (laboratory, report) => {
  const topic = await laboratory.topic();
  await produceBacklog(laboratory.producer, topic);
  const effects = new Set<string>();
  const worker = await laboratory.worker({
    settle: (events) => {
      for (const { id } of events) effects.add(id);
      return Promise.resolve(events.map((): EffectOutcome => ({ status: 'done' })));
    },
  });
  const bridge = new BridgeProcess({ topic, taskQueue: worker.taskQueue, ...whereOf(laboratory) });
  const atStart = await bridge.until(({ assigned }) => assigned);
  laboratory.stack.freeze('temporal');
  await bridge.until(({ paused }) => paused > 0);
  await sleep(frozenMs);
  const frozen = bridge.last;
  laboratory.stack.thaw('temporal');
  const start = performance.now();
  const after = [];
  for (const millions of [1, 2, 3]) {
    after.push(await bridge.until(({ settled }) => settled >= millions * 1e6));
  }
  const seconds = (performance.now() - start) / 1_000;
  while (effects.size < count / oneIn) await sleep(20);
  await bridge.stop();
  await worker.stop();
  const [first, second, third] = after.map(({ rss }) => rss / 2 ** 20);
  report(
    figure(
      {
        scenario: 'backlog',
        metric: 'MiB resident after 3,000,000 records, against after the first million',
        ...{ value: third ?? Number.NaN, baseline: first ?? Number.NaN },
      },
      {
        atStart: atStart.rss / 2 ** 20,
        windowsFull: frozen.rss / 2 ** 20,
        unsettledThen: frozen.unsettled,
        after2M: second ?? Number.NaN,
        max: bridge.maxRss / 2 ** 20,
        recordsPerSecond: (count - frozen.settled) / seconds,
        requests: bridge.last.calls / count,
      },
    ),
  );
};

function whereOf({ stack, clients }: Laboratory) {
  const { kafkaBrokers, temporalAddress } = stack.addresses;
  return { kafkaBrokers, temporalAddress, temporalNamespace: clients.namespace };
}

/** Small records of which few match. */
async function produceBacklog(producer: Producer, topic: string): Promise<void> {
  const pad = 'x'.repeat(40);
  for (let from = 0; from < count; from += perSend) {
    const messages = Array.from({ length: perSend }, (_, index) => {
      const n = from + index;
      const id = String(n);
      const type = n % oneIn === 0 ? 'bench.event' : 'bench.other';
      const value =
        `{"id":"${id}","type":"${type}","occurredAt":"2026-03-29T18:40:00Z",` +
        `"data":{"key":"k${id}","n":${id},"pad":"${pad}"}}`;
      return { key: id, value };
    });
    await producer.send({ topic, messages, acks: 1 });
  }
}

/** The bridge in a process of its own, and what it says of itself. */
class BridgeProcess {
  readonly #child;
  readonly #ended;
  last: BacklogReport = { assigned: false, paused: 0, settled: 0, unsettled: 0, rss: 0, calls: 0 };
  maxRss = 0;

  constructor(task: BacklogTask) {
    const file = fileURLToPath(new URL('backlog-bridge.js', import.meta.url));
    this.#child = fork(file, [JSON.stringify(task)]);
    this.#ended = once(this.#child, 'exit');
    this.#child.on('message', (message) => {
      this.last = message as BacklogReport;
      this.maxRss = Math.max(this.maxRss, this.last.rss);
    });
  }

  async until(holds: (report: BacklogReport) => boolean): Promise<BacklogReport> {
    while (!holds(this.last)) {
      if (this.#child.exitCode !== null) throw new Error('backlog: the bridge ended by itself');
      await sleep(10);
    }
    return this.last;
  }

  async stop(): Promise<void> {
    this.#child.send('stop');
    await this.#ended;
  }
}
