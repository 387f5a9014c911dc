import { mkdir, mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cached } from '../../src/stack/cache.js';

const cacheFolder = () => mkdtemp(join(tmpdir(), 'headrace-cache-'));

test('a download that fails half-way leaves nothing, and the next start works', async () => {
  const cache = await cacheFolder();
  const half = cached(cache, 'jars', async (into) => {
    await writeFile(join(into, 'half.jar'), 'half');
    throw new Error('connection reset');
  });
  await expect(half).rejects.toThrow('connection reset');
  expect(await readdir(cache)).toEqual([]);
  const whole = await cached(cache, 'jars', (into) => writeFile(join(into, 'a.jar'), 'whole'));
  expect(await readdir(whole)).toEqual(['a.jar']);
});

test('what a crash left is cleared away after a while', async () => {
  const cache = await cacheFolder();
  const anHour = 3_600;
  const now = Date.now() / 1_000;
  for (const [name, age] of [
    ['.half-jars-old', 2 * anHour],
    ['.half-jars-of-another-start', 10],
  ] as const) {
    await mkdir(join(cache, name));
    await utimes(join(cache, name), now - age, now - age);
  }
  await cached(cache, 'temporal', (into) => writeFile(join(into, 'temporal'), ''));
  expect((await readdir(cache)).sort()).toEqual(['.half-jars-of-another-start', 'temporal']);
});

test('what is there is not fetched again', async () => {
  const cache = await cacheFolder();
  await cached(cache, 'jars', (into) => writeFile(join(into, 'a.jar'), ''));
  const folder = await cached(cache, 'jars', () => Promise.reject(new Error('fetched again')));
  expect(await readdir(folder)).toEqual(['a.jar']);
});
