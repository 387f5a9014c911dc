/** Files that may hold a password: whole or not there, and nobody else's to read. */
import { rename, rm, writeFile } from 'node:fs/promises';

/**
 * Writes `text`; whoever reads meanwhile, or after a crash, finds the old file or the new one. A file
 * that others could read is replaced by one that they cannot.
 */
export async function writePrivately(file: string, text: string): Promise<void> {
  const next = `${file}.new`;
  // The mode is that of a file which is made, not of one that a crash left.
  await rm(next, { force: true });
  await writeFile(next, text, { mode: 0o600, flag: 'wx' });
  await rename(next, file);
}
