import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireLock, holderOf } from '../../src/stack/lock.js';
import { formatMark, markOf } from '../../src/stack/mark.js';

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
  expect(await readFile(file, 'utf8')).toBe(formatMark(markOf(process.pid)));
  expect(await holderOf(file)).toEqual(markOf(process.pid));
  await lock.release();
  expect(await holderOf(file)).toBeUndefined();
});

test('a lock whose number went to another process is taken over', async () => {
  const file = await lockFile();
  await writeFile(file, formatMark({ pid: process.pid, born: 'in another life' }));
  expect(await holderOf(file)).toBeUndefined();
  await (await acquireLock(file)).release();
});

test('of many that find a stale lock, one gets it', async () => {
  for (let round = 0; round < 50; round += 1) {
    const file = await lockFile();
    await writeFile(file, '4194304000');
    const asked = Array.from({ length: 8 }, () => acquireLock(file));
    const got = (await Promise.allSettled(asked)).filter(({ status }) => status === 'fulfilled');
    expect(got).toHaveLength(1);
    expect(await readdir(dirname(file))).toEqual(['lock']);
  }
});

test('one who died while removing a stale lock stops nobody', async () => {
  const file = await lockFile();
  await writeFile(file, '4194304000');
  await writeFile(`${file}.removing`, '4194304000');
  await (await acquireLock(file)).release();
  expect(await readdir(dirname(file))).toEqual([]);
});

test('a lock that holds nothing readable is taken over', async () => {
  const file = await lockFile();
  await writeFile(file, '');
  await (await acquireLock(file)).release();
  await expect(readFile(file)).rejects.toThrow();
});
