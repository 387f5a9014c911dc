import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
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

test('what is there is not fetched again', async () => {
  const cache = await cacheFolder();
  await cached(cache, 'jars', (into) => writeFile(join(into, 'a.jar'), ''));
  const folder = await cached(cache, 'jars', () => Promise.reject(new Error('fetched again')));
  expect(await readdir(folder)).toEqual(['a.jar']);
});
