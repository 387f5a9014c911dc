/**
 * What was fetched once. A folder appears in the cache only when it is complete: a download that
 * fails half-way leaves nothing that the next start would trust.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { StackError } from './error.js';

const halfPrefix = '.half-';
/** No download takes as long: what is older was left by a crash. */
const abandonedAfterMs = 3_600_000;
/** With less than this left, a failure is the disk's. */
const roomNeeded = 16 * 1024 ** 2;

/**
 * The folder `name` of the cache, made by `fetch` (into the folder it is given) where missing.
 * @throws what `fetch` throws; StackError when the disk is full.
 */
export async function cached(
  cache: string,
  name: string,
  fetch: (into: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  await removeAbandoned(cache);
  const half = await mkdtemp(join(cache, `${halfPrefix}${name.replaceAll('/', '-')}-`));
  try {
    await fetch(half);
    // Another process may have been quicker; its folder is as good.
    if (!existsSync(folder)) await rename(half, folder);
  } catch (cause) {
    const { bavail, bsize } = await statfs(cache);
    if (bavail * bsize > roomNeeded) throw cause;
    throw new StackError('cache', `no space left in ${cache} for ${name}`, '', { cause });
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return folder;
}

async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith(halfPrefix)) continue;
    const half = join(cache, name);
    const { mtimeMs } = await stat(half).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(half, { recursive: true, force: true });
  }
}
