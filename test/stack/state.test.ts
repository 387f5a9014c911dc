import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Addresses } from '../../src/addresses.js';
import { foldersOf } from '../../src/stack/folders.js';
import { markOf } from '../../src/stack/mark.js';
import { removeState, runningState, type State, writeState } from '../../src/stack/state.js';

const addresses: Addresses = {
  kafkaBrokers: ['127.0.0.1:1'],
  connectUrl: 'http://127.0.0.1:2',
  databaseUrl: 'postgres://127.0.0.1:3/ecommerce',
  temporalAddress: '127.0.0.1:4',
  temporalNamespace: 'default',
  smtpHost: '127.0.0.1',
  smtpPort: 5,
};

async function place() {
  const root = await mkdtemp(join(tmpdir(), 'headrace-state-'));
  return foldersOf({ HEADRACE_DATA: root, HEADRACE_CACHE: join(root, 'cache') });
}

test('the state of a launcher is found while it lives', async () => {
  const folders = await place();
  const { pid, born } = markOf(process.pid);
  const state: State = { launcher: pid, born, addresses, parts: [] };
  await writeState(folders, state);
  expect(await runningState(folders)).toEqual(state);
  expect(await readdir(folders.root)).toEqual(['state.json']);
  await removeState(folders);
  expect(await runningState(folders)).toBeUndefined();
});

test('a launcher that died is not mistaken for a process with its number', async () => {
  const folders = await place();
  await writeState(folders, { launcher: process.pid, born: 'long ago', addresses, parts: [] });
  expect(await runningState(folders)).toBeUndefined();
});

test('a state that a full disk cut short counts as none', async () => {
  const folders = await place();
  await writeFile(join(folders.root, 'state.json'), '{"launcher": 1, "addr');
  expect(await runningState(folders)).toBeUndefined();
});
