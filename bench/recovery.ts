/**
 * `recovery`: the only bridge is killed with SIGKILL under a steady load and started again at once:
 * how long until an event that came after the kill has its first effect.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { produce } from './events.js';
import type { Laboratory } from './laboratory.js';
import type { RecoveryTask } from './recovery-bridge.js';
import { figure, type Scenario } from './scenario.js';

const everyMs = 100;
/** Events before the kill: the group is settled, and offsets are committed. */
const before = 30;

export const recovery: Scenario = async (laboratory, report) => {
  const naive = await secondsOf(laboratory, 'naive');
  const ours = await secondsOf(laboratory, 'headrace');
  report(
    figure({
      scenario: 'recovery',
      metric: 's, from kill -9 of the only bridge to the first new effect',
      value: ours,
      baseline: naive,
    }),
  );
};

async function secondsOf(
  laboratory: Laboratory,
  subject: RecoveryTask['subject'],
): Promise<number> {
  const { producer, stack, clients } = laboratory;
  const done = new Set<string>();
  const worker = await laboratory.worker({
    mark: (steps) => {
      for (const { key } of steps) done.add(key);
      return Promise.resolve();
    },
  });
  const topic = await laboratory.topic();
  const task: RecoveryTask = {
    ...{ subject, topic, taskQueue: worker.taskQueue, groupId: `recovery-${randomUUID()}` },
    kafkaBrokers: stack.addresses.kafkaBrokers,
    temporalAddress: stack.addresses.temporalAddress,
    temporalNamespace: clients.namespace,
  };
  const file = fileURLToPath(new URL('recovery-bridge.js', import.meta.url));
  const start = () => fork(file, [JSON.stringify(task)]);
  const feeding = new AbortController();
  let sent = 0;
  const feed = (async () => {
    for (; !feeding.signal.aborted; sent += 1) {
      await produce(producer, topic, [{ key: `k${String(sent)}`, n: 0 }]);
      await sleep(everyMs);
    }
  })();
  const first = start();
  while (done.size < before) await sleep(10);
  first.kill('SIGKILL');
  const killedAt = performance.now();
  const firstNew = sent + 1;
  const second = start();
  const isNew = (key: string): boolean => Number(key.slice(1)) >= firstNew;
  while (![...done].some(isNew)) await sleep(5);
  const seconds = (performance.now() - killedAt) / 1_000;
  feeding.abort();
  await feed;
  second.kill('SIGKILL');
  await once(second, 'exit');
  await worker.stop();
  return seconds;
}
