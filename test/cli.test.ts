/** The built command starts: what the types allow and Node refuses shows only here. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const command = fileURLToPath(new URL('../bin/headrace.js', import.meta.url));

test('every command is listed, with one line about it', () => {
  const help = execFileSync(process.execPath, [command, '--help'], { encoding: 'utf8' });
  for (const name of ['start', 'bridge', 'worker', 'prepare', 'reconcile', 'stack']) {
    expect(help).toMatch(new RegExp(`^  ${name}\\b.*\\w`, 'm'));
  }
  for (const code of [0, 1, 2, 3])
    expect(help).toMatch(new RegExp(`Exit codes:.*\\b${code}\\b`, 's'));
});

test('the state of the stack is told without passwords', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headrace-cli-'));
  const databaseUrl = 'postgres://u:pw-secret@db:5432/shop';
  const addresses = { kafkaBrokers: ['127.0.0.1:1'], connectUrl: 'http://c:8083', databaseUrl };
  const state = { launcher: process.pid, addresses, parts: [] };
  await writeFile(join(folder, 'state.json'), JSON.stringify(state));
  const env = { PATH: process.env['PATH'], HEADRACE_DATA: folder };
  const args = [command, 'stack', 'status', '--json'];
  const said = execFileSync(process.execPath, args, { encoding: 'utf8', env });
  expect(said).toContain('postgres://u:hidden@db:5432/shop');
  expect(said).not.toContain('pw-secret');
});
