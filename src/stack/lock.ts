/**
 * One launcher per data folder. A lock whose holder is dead is taken over, also when its number
 * belongs to another process by now.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
      await removeStale(file, mine);
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

/**
 * Removes a lock that is stale, holding a second lock meanwhile: between looking and removing nobody
 * else may remove it, or the lock of a launcher that was quicker would be the one that goes.
 */
async function removeStale(file: string, mine: string): Promise<void> {
  const removing = `${file}.removing`;
  if (await linked(mine, removing)) {
    try {
      if ((await holderOf(file)) === undefined) await rm(file, { force: true });
    } finally {
      await rm(removing, { force: true });
    }
    return;
  }
  // Whoever died in that very moment left it behind.
  const text = await readFile(removing, 'utf8').catch(() => undefined);
  const remover = text === undefined ? undefined : parseMark(text);
  if (remover !== undefined && !stillRuns(remover)) await rm(removing, { force: true });
  await sleep(10);
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
