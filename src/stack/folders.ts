/** Where the local stack keeps what it fetched, what it stores, and what it says. */
import { createHash } from 'node:crypto';
import { mkdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from '../config.js';
import { StackError } from './error.js';

export interface Folders {
  /** Fetched once, kept by a reset, shared between data folders. */
  readonly cache: string;
  /** One folder per part. */
  readonly data: string;
  readonly logs: string;
  /** State of the launcher: lock, ports, pids, addresses. */
  readonly root: string;
  /** Outside the checkout, for what another user must reach. */
  readonly outside: string;
}

const gibibyte = 1024 ** 3;

/** The folders of `config`, as absolute paths. Creates nothing. */
export function foldersOf(config: Pick<Config, 'HEADRACE_DATA' | 'HEADRACE_CACHE'>): Folders {
  const root = resolve(config.HEADRACE_DATA);
  const hash = createHash('sha256').update(root).digest('hex').slice(0, 12);
  return {
    root,
    cache: resolve(config.HEADRACE_CACHE),
    data: join(root, 'data'),
    logs: join(root, 'logs'),
    outside: join(tmpdir(), `headrace-${hash}`),
  };
}

/** True when parts of the stack may have ended because nothing more can be stored. */
export function isDiskFull(folders: Folders): boolean {
  const { bavail, bsize } = statfsSync(folders.root);
  return bavail * bsize < gibibyte / 16;
}

/** Creates the folders. @throws StackError when the disk is nearly full or not writable. */
export function makeFolders(folders: Folders): void {
  try {
    for (const path of [folders.root, folders.cache, folders.data, folders.logs]) {
      mkdirSync(path, { recursive: true });
    }
  } catch (cause) {
    const problem = `cannot create ${folders.root}: ${String(cause)}`;
    throw new StackError('stack', problem, 'check its permissions, or set HEADRACE_DATA', {
      cause,
    });
  }
  const { bavail, bsize } = statfsSync(folders.root);
  if (bavail * bsize < gibibyte) {
    const free = `${String(Math.round((bavail * bsize) / 1024 ** 2))} MiB`;
    const problem = `only ${free} are free where ${folders.root} lies; 1 GiB is needed`;
    throw new StackError('stack', problem, 'free some space, or set HEADRACE_DATA elsewhere');
  }
}
