/** One launcher per data folder. A lock whose holder is dead is taken over. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { StackError } from './error.js';

export interface Lock {
  release(): Promise<void>;
}

/** @throws StackError when a living process holds the lock. */
export async function acquireLock(file: string): Promise<Lock> {
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return { release: () => rm(file, { force: true }) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''));
    if (holder !== process.pid && isAlive(holder)) {
      const problem = `already started by process ${String(holder)} (${file})`;
      const remedy = '`headrace stack status` shows it, `headrace stack down` ends it';
      throw new StackError('stack', problem, remedy);
    }
    await rm(file, { force: true });
  }
}

/** True when a process of that id runs. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
