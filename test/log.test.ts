import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLog } from '../src/log.js';

test('secrets are cut out, at the top and one level below', () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  createLog('info', sink).info({ token: 's3cret', config: { password: 's3cret' } }, 'ready');
  expect(lines.join('')).toContain('[hidden]');
  expect(lines.join('')).not.toContain('s3cret');
});

// Linux has a device that is always full.
test.runIf(existsSync('/dev/full'))('a full disk does not end the process that logs', () => {
  const script = `
    import { createLog } from ${JSON.stringify(resolve('dist/src/log.js'))};
    const log = createLog('info', '/dev/full');
    log.info('first');
    setTimeout(() => log.info('second'), 50);
    setTimeout(() => process.stdout.write('alive'), 150);`;
  const args = ['--input-type=module', '-e', script];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 8_000,
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'alive' });
  expect(stderr.match(/log: cannot be written: .*ENOSPC/g)).toHaveLength(1);
});
