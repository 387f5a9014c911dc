import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startChild } from '../../src/stack/child.js';
import { foldersOf } from '../../src/stack/folders.js';
import { endLeftovers, pidFile, rememberProcess } from '../../src/stack/leftovers.js';
import { isAlive } from '../../src/stack/mark.js';

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'headrace-child-'));
}

async function gone(pid: number): Promise<boolean> {
  for (let turn = 0; turn < 160 && isAlive(pid); turn += 1) await sleep(50);
  return !isAlive(pid);
}

/** A shell that writes its pid down and then waits for ever. */
const waiting = (file: string): string[] => ['-c', `echo $$ > ${file}; while :; do sleep 1; done`];

test('a child that ends before it is ready shows its last words', async () => {
  const logFile = join(await folder(), 'log');
  const start = startChild({
    part: 'kafka',
    command: '/bin/sh',
    args: ['-c', 'echo no room left >&2; exit 3'],
    logFile,
    ready: () => Promise.resolve(false),
    readyWithinMs: 5_000,
  });
  await expect(start).rejects.toThrow(/kafka: ended before it was ready[\s\S]*no room left/);
});

test('a stopped child is gone, and so is one that was killed', async () => {
  for (const how of ['stop', 'kill'] as const) {
    const home = await folder();
    const child = await startChild({
      part: 'part',
      command: '/bin/sh',
      args: waiting(join(home, 'pid')),
      logFile: join(home, 'log'),
      ready: async () => (await readFile(join(home, 'pid'), 'utf8')) !== '',
      readyWithinMs: 5_000,
    });
    const pid = Number(await readFile(join(home, 'pid'), 'utf8'));
    expect(isAlive(pid)).toBe(true);
    await child[how]();
    expect(await gone(pid)).toBe(true);
  }
});

test('its mark is there while it runs, and goes with it', async () => {
  const home = await folder();
  const mark = join(home, 'part.pid');
  const child = await startChild({
    part: 'part',
    command: '/bin/sh',
    args: waiting(join(home, 'pid')),
    logFile: join(home, 'log'),
    pidFile: mark,
    ready: async () => (await readFile(join(home, 'pid'), 'utf8')) !== '',
    readyWithinMs: 5_000,
  });
  expect(Number.parseInt(await readFile(mark, 'utf8'))).toBe(child.pid);
  await child.stop();
  await child.gone;
  await expect(readFile(mark)).rejects.toThrow();
});

test('what a dead launcher left is ended; a stranger with its number is not', async () => {
  const home = await folder();
  const folders = foldersOf({ HEADRACE_DATA: home, HEADRACE_CACHE: join(home, 'cache') });
  const stranger = spawn('/bin/sh', waiting(join(home, 'pid')), { detached: true });
  const left = spawn('/bin/sh', waiting(join(home, 'left')), { detached: true });
  const over = new Promise((resolve) => left.once('exit', resolve));
  rememberProcess(pidFile(folders, 'kafka'), left.pid ?? 0);
  await writeFile(pidFile(folders, 'temporal'), `${String(stranger.pid)} in another life`);
  await endLeftovers(folders, 200);
  await over;
  expect(isAlive(stranger.pid ?? 0)).toBe(true);
  expect((await readdir(home)).filter((name) => name.endsWith('.pid'))).toEqual([]);
  stranger.kill('SIGKILL');
});

test('P1: a launcher that is killed leaves no process behind', async () => {
  const home = await folder();
  const pidFile = join(home, 'pid');
  // The launcher is a process of its own, so that it can be killed; it runs the source itself.
  const launcher = join(home, 'launcher.mjs');
  await writeFile(
    launcher,
    `import { startChild } from ${JSON.stringify(resolve('dist/src/stack/child.js'))};
     await startChild({ part: 'part', command: '/bin/sh', args: ${JSON.stringify(waiting(pidFile))},
       logFile: ${JSON.stringify(join(home, 'log'))}, ready: async () => true, readyWithinMs: 5000 });
     process.stdout.write('started');
     setInterval(() => undefined, 1000);`,
  );
  const process_ = spawn(process.execPath, [launcher], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((started) => process_.stdout.once('data', started));
  while ((await readFile(pidFile, 'utf8').catch(() => '')) === '') await sleep(20);
  const pid = Number(await readFile(pidFile, 'utf8'));
  process_.kill('SIGKILL');
  expect(await gone(pid)).toBe(true);
});
