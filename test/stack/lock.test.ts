import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireLock } from '../../src/stack/lock.js';

async function lockFile(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'headrace-lock-')), 'lock');
}

test('a living holder is named, with what to do', async () => {
  const file = await lockFile();
  await writeFile(file, '1');
  await expect(acquireLock(file)).rejects.toThrow(/already started by process 1[\s\S]*stack down/);
});

test('the lock of a dead process is taken over', async () => {
  const file = await lockFile();
  await writeFile(file, '4194304000');
  const lock = await acquireLock(file);
  expect(await readFile(file, 'utf8')).toBe(String(process.pid));
  await lock.release();
});

test('a lock that holds nothing readable is taken over', async () => {
  const file = await lockFile();
  await writeFile(file, '');
  await (await acquireLock(file)).release();
  await expect(readFile(file)).rejects.toThrow();
});
