/**
 * Temporal's time-skipping test server, its Java edition from Maven: a month of waiting passes in a
 * second. Fetched once into the cache.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { temporal } from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cached } from '../../src/stack/cache.js';
import { copyDependencies, javaCommand, pom } from '../../src/stack/java.js';
import { isThere } from '../../src/stack/program.js';

const artifact = 'io.temporal:temporal-test-server:1.31.0';
const searchAttributes = ['HeadraceOrderId', 'HeadracePaymentId', 'HeadraceEventType'];
/** The SDK gives a server five seconds to listen, which a busy machine may exceed. */
const tries = 3;

/**
 * Starts the server and connects to it. Tear it down with `teardown()`.
 * @throws Error saying what to install where Maven or Java is missing.
 */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const executable = { type: 'existing-path', path: await launcher() } as const;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const environment = await TestWorkflowEnvironment.createTimeSkipping({
        server: { executable },
      });
      await register(environment);
      return environment;
    } catch (error) {
      if (attempt === tries) throw error;
    }
  }
}

async function launcher(): Promise<string> {
  const cache = resolve(process.env['HEADRACE_CACHE'] ?? '.headrace/cache');
  const java = await javaCommand(cache);
  const folder = await cached(cache, 'test-server', async (into) => {
    if (!(await isThere('mvn', '--version'))) {
      throw new Error(
        `Maven is needed to fetch ${artifact}: install Maven and a JDK of 17 or later`,
      );
    }
    await writeFile(join(into, 'pom.xml'), pom([artifact]));
    await copyDependencies('test-server', into);
  });
  const path = join(folder, 'launch.sh');
  // The SDK passes the port as the first argument, and ends the process it started: hence exec.
  const command = `exec '${java}' -Xshare:auto -XX:TieredStopAtLevel=1 -cp '${folder}/*' io.temporal.testserver.TestServer "$1"`;
  // Each time, because the cache may have been moved; one write, because others may read it.
  await writeFile(path, `#!/bin/sh\n${command} >/dev/null 2>&1\n`);
  await chmod(path, 0o755);
  return path;
}

async function register({ connection }: TestWorkflowEnvironment): Promise<void> {
  const { INDEXED_VALUE_TYPE_KEYWORD: keyword } = temporal.api.enums.v1.IndexedValueType;
  await connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(searchAttributes.map((name) => [name, keyword])),
  });
}
