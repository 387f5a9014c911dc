/** Processes of a launcher that was killed: they end by themselves within seconds; make sure. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Folders } from './folders.js';
import { isAlive } from './lock.js';
import type { State } from './state.js';

const patienceMs = 6_000;

/** Waits for the parts of a dead launcher to end, and kills those that do not. */
export async function endLeftovers(folders: Folders): Promise<void> {
  const file = join(folders.root, 'state.json');
  const state = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as State,
    () => undefined,
  );
  if (state === undefined || isAlive(state.launcher)) return;
  const pids = state.parts.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  const until = Date.now() + patienceMs;
  while (pids.some(isAlive) && Date.now() < until) await sleep(50);
  for (const pid of pids.filter(isAlive)) {
    // The pid may have gone to a stranger since: ours leads a process group of its own.
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Not a group leader, so not ours.
    }
  }
}
