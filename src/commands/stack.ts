/** `headrace stack`: the local stack by itself, for working on Headrace. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { Argument, Command } from 'commander';
import { readConfig } from '../config.js';
import { StackError } from '../stack/error.js';
import { foldersOf, makeFolders } from '../stack/folders.js';
import { endLeftovers } from '../stack/leftovers.js';
import { acquireLock, holderOf, lockFile } from '../stack/lock.js';
import { stillRuns } from '../stack/mark.js';
import { borderless } from '../status-board.js';
import { isThere } from '../stack/program.js';
import { partNames, removeState, runningState, shownState, type State } from '../stack/state.js';
import { launchStack } from './launch-stack.js';
import { untilStopped } from './until-stopped.js';

const composeFile = fileURLToPath(new URL('../../../docker-compose.yml', import.meta.url));

/** Mail runs inside the launcher and has no log of its own. */
const logged = partNames.filter((name) => name !== 'mail');

/** The command with its subcommands. */
export function stackCommand(): Command {
  return new Command('stack')
    .description(
      'Kafka, Connect, Postgres, Temporal and mail, as far as not configured from outside',
    )
    .addCommand(upCommand())
    .addCommand(
      new Command('down').description('stop the stack that runs; its data stays').action(down),
    )
    .addCommand(
      new Command('reset')
        .description('delete the data of the stack; what was downloaded stays')
        .requiredOption('--yes', 'yes, delete it')
        .action(reset),
    )
    .addCommand(
      new Command('status')
        .description('show parts and addresses; exit code 1 when nothing runs')
        .option('--json', 'as JSON, with every address; passwords are hidden')
        .action(status),
    )
    .addCommand(
      new Command('logs')
        .description('print the logs')
        .addArgument(new Argument('[part]').choices(logged))
        .option('-f, --follow', 'keep printing')
        .action(logs),
    );
}

function upCommand(): Command {
  return new Command('up')
    .description('start the stack and keep it until Ctrl-C')
    .option('--compose', 'through docker compose instead, in the background')
    .action(async ({ compose }: { compose?: boolean }) => {
      if (compose === true) await composeUp();
      else await up();
    });
}

async function up(): Promise<void> {
  const config = readConfig(process.env);
  const stopped = untilStopped();
  const stack = await launchStack(config, stopped, print);
  try {
    print(table(await found()));
    print('Ctrl-C stops it; the data stays.');
    await stopped;
  } finally {
    await stack.stop();
    print('stopped');
  }
}

async function composeUp(): Promise<void> {
  if (!existsSync(composeFile)) {
    const problem =
      'docker-compose.yml builds from the sources, which an installed package has not';
    throw new StackError('compose', problem, 'run it in a checkout, or run without --compose');
  }
  if (!(await isThere('docker', 'compose', 'version'))) {
    const remedy = 'install Docker with its compose plugin, or run without --compose';
    throw new StackError('compose', '`docker compose` does not answer', remedy);
  }
  const code = await run('docker', ['compose', '-f', composeFile, 'up', '--wait', '--build']);
  if (code !== 0) {
    throw new StackError('compose', `ended with code ${String(code)}`, 'read its output above');
  }
}

async function down(): Promise<void> {
  const launcher = await holderOf(lockFile(foldersOf(readConfig(process.env))));
  if (launcher === undefined) {
    print('nothing runs');
    return;
  }
  process.kill(launcher.pid, 'SIGTERM');
  while (stillRuns(launcher)) await sleep(100);
  print('stopped');
}

async function reset(): Promise<void> {
  const folders = foldersOf(readConfig(process.env));
  makeFolders(folders);
  const lock = await acquireLock(lockFile(folders));
  await endLeftovers(folders);
  for (const path of [folders.data, folders.logs, folders.outside]) {
    await rm(path, { recursive: true, force: true });
  }
  await removeState(folders);
  await lock.release();
  print('data deleted; downloads kept');
}

async function status(options: { json?: boolean }): Promise<void> {
  const folders = foldersOf(readConfig(process.env));
  const state = await runningState(folders);
  const launcher = (await holderOf(lockFile(folders)))?.pid ?? null;
  if (state === undefined) process.exitCode = 1;
  if (options.json === true)
    print(json(state === undefined ? { launcher, parts: [] } : shownState(state)));
  else if (state !== undefined) print(table(state));
  else if (launcher === null) print('nothing runs: `headrace stack up`');
  else print(`process ${String(launcher)} is starting it`);
}

async function logs(part: string | undefined, { follow }: { follow?: boolean }): Promise<void> {
  const { logs: folder } = foldersOf(readConfig(process.env));
  const files = (part === undefined ? logged : [part]).map((name) => join(folder, `${name}.log`));
  process.exitCode = await run('tail', ['-n', '200', ...(follow === true ? ['-F'] : []), ...files]);
}

function table({ parts, addresses }: State): string {
  const rows = new Table({
    head: ['part', 'from', 'address', 'pid', 'log'],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: borderless,
  });
  for (const { name, own, address, pid, log } of parts) {
    rows.push([name, own ? 'started here' : 'outside', address, pid ?? '', relativeTo(log)]);
  }
  const pages = [
    ...(addresses.temporalUiUrl === undefined ? [] : [`Temporal's UI  ${addresses.temporalUiUrl}`]),
    ...(addresses.mailUrl === undefined ? [] : [`notices sent   ${addresses.mailUrl}`]),
  ];
  return [rows.toString(), ...pages].join('\n');
}

function json(content: unknown): string {
  return JSON.stringify(content, undefined, 2);
}

function relativeTo(log: string | undefined): string {
  return log === undefined ? '' : relative(process.cwd(), log);
}

async function found(): Promise<State> {
  const state = await runningState(foldersOf(readConfig(process.env)));
  if (state === undefined) throw new StackError('stack', 'its state is gone', 'start it again');
  return state;
}

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit' });
    child.once('error', reject);
    child.once('exit', (code) => {
      resolve(code ?? 1);
    });
  });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
