/**
 * The real stack for integration tests: fresh data, brought up once, controlled over HTTP because
 * tests run in other processes than this set-up.
 */
import { rm } from 'node:fs/promises';
import { fastify } from 'fastify';
import type { TestProject } from 'vitest/node';
import type { Addresses } from '../../src/addresses.js';
import { readConfig } from '../../src/config.js';
import { foldersOf } from '../../src/stack/folders.js';
import { type PartName, startStack } from '../../src/stack/index.js';
import { runningState } from '../../src/stack/state.js';

declare module 'vitest' {
  export interface ProvidedContext {
    addresses: Addresses;
    /** POST to `<url>/<kill|restart|freeze|thaw>/<part>`. */
    stackControl: string;
  }
}

/** Brings the stack up and hands its addresses to the tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const config = readConfig({ ...process.env, HEADRACE_DATA: '.headrace-test' });
  const folders = foldersOf(config);
  if ((await runningState(folders)) !== undefined) {
    throw new Error(`${folders.root} is in use by another run of the integration tests`);
  }
  await rm(folders.root, { recursive: true, force: true });
  await rm(folders.outside, { recursive: true, force: true });
  const progress = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const stack = await startStack({ config, env: process.env, progress });
  const control = fastify();
  control.post<{ Params: { what: string; part: PartName } }>('/:what/:part', async (request) => {
    const { what, part } = request.params;
    if (what === 'kill') await stack.kill(part);
    else if (what === 'restart') await stack.restart(part);
    else if (what === 'freeze') stack.freeze(part);
    else if (what === 'thaw') stack.thaw(part);
    else throw new Error(`stack control: unknown ${what}`);
    return { done: true };
  });
  const stackControl = await control.listen({ port: 0, host: '127.0.0.1' });
  project.provide('addresses', stack.addresses);
  project.provide('stackControl', stackControl);
  return async () => {
    await control.close();
    await stack.stop();
    await rm(folders.outside, { recursive: true, force: true });
  };
}
