import { chmod, mkdir, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Addresses } from '../../src/addresses.js';
import { connectorFile, rememberConnector, shopConnector } from '../../src/stack/connector.js';
import { foldersOf } from '../../src/stack/folders.js';
import { markOf } from '../../src/stack/mark.js';
import {
  removeState,
  runningState,
  shownState,
  type State,
  writeState,
} from '../../src/stack/state.js';
import { shownUrl } from '../../src/stack/shown-url.js';

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

test('what may hold a password is nobody else’s to read, also where it was before', async () => {
  const folders = await place();
  const stateFile = join(folders.root, 'state.json');
  const connector = connectorFile(folders);
  await mkdir(dirname(connector), { recursive: true });
  // As they were written once, and as a crash may have left them.
  for (const file of [stateFile, connector].flatMap((one) => [one, `${one}.new`])) {
    await writeFile(file, 'open');
    await chmod(file, 0o644);
  }
  await writeState(folders, { launcher: process.pid, addresses, parts: [] });
  await rememberConnector(folders, shopConnector('postgres://u:pw-secret@db/shop'));
  for (const file of [stateFile, connector]) {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  }
});

test('a state is shown without passwords', () => {
  const state: State = {
    launcher: 1,
    addresses: {
      ...addresses,
      connectUrl: 'http://u:pw-secret@connect:8083/',
      databaseUrl: 'postgres://u:pw-secret@db:5432/shop?sslmode=require',
    },
    parts: [],
  };
  const text = JSON.stringify(shownState(state));
  expect(text).not.toContain('pw-secret');
  expect(text).toContain('postgres://u:hidden@db:5432/shop?sslmode=require');
  expect(shownState({ ...state, addresses })).toEqual({ ...state, addresses });
});

test.each([
  ['postgres://db/shop?user=u&password=pw-secret', 'postgres://db/shop?user=u&password=hidden'],
  ['postgres://u@127.0.0.1:5432/shop', 'postgres://u@127.0.0.1:5432/shop'],
  ['not a url: pw-secret', 'hidden'],
  ['', ''],
])('%j is shown as %j', (url, shown) => {
  expect(shownUrl(url)).toBe(shown);
});
