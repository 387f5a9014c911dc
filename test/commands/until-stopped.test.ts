import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';

const compiled = JSON.stringify(resolve('dist/src/commands/until-stopped.js'));

/** A command that writes down that it runs, and that it was stopped; then it may drain for ever. */
async function command(drains = false): Promise<{ file: string; told: () => Promise<string> }> {
  const home = await mkdtemp(join(tmpdir(), 'headrace-stop-'));
  const file = join(home, 'command.mjs');
  await writeFile(
    file,
    `import { appendFileSync } from 'node:fs';
     import { untilStopped } from ${compiled};
     const stopped = untilStopped();
     const alive = setInterval(() => undefined, 1000);
     appendFileSync(${JSON.stringify(join(home, 'told'))}, 'runs ');
     await stopped;
     appendFileSync(${JSON.stringify(join(home, 'told'))}, 'stopped');
     ${drains ? '' : 'clearInterval(alive);'}`,
  );
  return { file, told: () => readFile(join(home, 'told'), 'utf8').catch(() => '') };
}

async function until(told: () => Promise<string>, text: string): Promise<void> {
  for (let turn = 0; turn < 400 && (await told()) !== text; turn += 1) await sleep(20);
  expect(await told()).toBe(text);
}

test('SIGTERM and SIGINT are wishes to stop', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { file, told } = await command();
    const child = spawn(process.execPath, [file], { stdio: 'ignore' });
    await until(told, 'runs ');
    child.kill(signal);
    await until(told, 'runs stopped');
  }
});

test('a second signal ends it at once; a signal that came twice is one', async () => {
  const { file, told } = await command(true);
  const child = spawn(process.execPath, [file], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await until(told, 'runs ');
  child.kill('SIGINT');
  child.kill('SIGTERM');
  await until(told, 'runs stopped');
  const stoppedAt = Date.now();
  const insist = setInterval(() => child.kill('SIGTERM'), 100);
  expect(await ended).toEqual([1, null]);
  clearInterval(insist);
  // Not before a second has passed: until then it may be npm that passes on the same Ctrl-C.
  expect(Date.now() - stoppedAt).toBeGreaterThan(500);
});

test('the end of npm is one too, because npm’s shell does not pass on every signal', async () => {
  const { file, told } = await command();
  const env = { ...process.env, npm_lifecycle_event: 'start' };
  const shell = spawn('/bin/sh', ['-c', `"$0" "$1"; true`, process.execPath, file], {
    stdio: 'ignore',
    env,
  });
  await until(told, 'runs ');
  shell.kill('SIGKILL');
  await until(told, 'runs stopped');
});
