/**
 * One launcher per data folder. A lock whose holder is dead is taken over, also when its number
 * belongs to another process by now.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StackError } from './error.js';
import type { Folders } from './folders.js';
import { formatMark, type Mark, markOf, parseMark, stillRuns } from './mark.js';

export interface Lock {
  release(): Promise<void>;
}

export function lockFile(folders: Folders): string {
  return join(folders.root, 'lock');
}

/** @throws StackError when a living process holds the lock. */
export async function acquireLock(file: string): Promise<Lock> {
  const mine = `${file}.${randomUUID()}`;
  await writeFile(mine, formatMark(markOf(process.pid)));
  try {
    // Linked, so that nobody ever sees a lock without its holder.
    while (!(await linked(mine, file))) {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const holder = parseMark(text);
      if (holder !== undefined && stillRuns(holder)) throw held(holder, file);
      await setAside(file, text);
    }
  } finally {
    await rm(mine, { force: true });
  }
  return { release: () => rm(file, { force: true }) };
}

/** The living process that holds the lock, if any. */
export async function holderOf(file: string): Promise<Mark | undefined> {
  const holder = parseMark(await readFile(file, 'utf8').catch(() => ''));
  return holder !== undefined && stillRuns(holder) ? holder : undefined;
}

/** Removes a stale lock, unless another launcher did so first and holds a new one by now. */
async function setAside(file: string, stale: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch(() => undefined);
  const taken = await readFile(aside, 'utf8').catch(() => stale);
  if (taken !== stale) await linked(aside, file);
  await rm(aside, { force: true });
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function held({ pid }: Mark, file: string): StackError {
  const problem = `already started by process ${String(pid)} (${file})`;
  const remedy = '`headrace stack status` shows it, `headrace stack down` ends it';
  return new StackError('stack', problem, remedy);
}
