/** The built command starts: what the types allow and Node refuses shows only here. */
import { execFileSync } from 'node:child_process';
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
