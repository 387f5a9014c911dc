/**
 * What was fetched once. A folder appears in the cache only when it is complete: a download that
 * fails half-way leaves nothing that the next start would trust.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder `name` of the cache, made by `fetch` (into the folder it is given) where missing. */
export async function cached(
  cache: string,
  name: string,
  fetch: (into: string) => Promise<void>,
): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const half = await mkdtemp(join(cache, `.half-${name.replaceAll('/', '-')}-`));
  try {
    await fetch(half);
    // Another process may have been quicker; its folder is as good.
    if (!existsSync(folder)) await rename(half, folder);
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return folder;
}
