/** `headrace stack`: the local stack by itself, for working on Headrace. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Table from 'cli-table3';
import { Argument, Command } from 'commander';
import { readConfig } from '../config.js';
import { StackError } from '../stack/error.js';
import { foldersOf } from '../stack/folders.js';
import { startStack } from '../stack/index.js';
import { isAlive } from '../stack/lock.js';
import { isThere } from '../stack/program.js';
import { partNames, runningState, type State } from '../stack/state.js';
import { untilStopped } from './until-stopped.js';

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
        .option('--json', 'as JSON, with every address')
        .action(status),
    )
    .addCommand(
      new Command('logs')
        .description('print the logs')
        .addArgument(new Argument('[part]').choices(partNames))
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
  const stack = await startStack({ config, env: process.env, progress: print });
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
  if (!(await isThere('docker', 'compose', 'version'))) {
    const remedy = 'install Docker with its compose plugin, or run without --compose';
    throw new StackError('compose', '`docker compose` does not answer', remedy);
  }
  const code = await run('docker', ['compose', 'up', '--wait', '--build']);
  if (code !== 0) {
    throw new StackError('compose', `ended with code ${String(code)}`, 'read its output above');
  }
}

async function down(): Promise<void> {
  const state = await runningState(foldersOf(readConfig(process.env)));
  if (state === undefined) {
    print('nothing runs');
    return;
  }
  process.kill(state.launcher, 'SIGTERM');
  while (isAlive(state.launcher)) await sleep(100);
  print('stopped');
}

async function reset(): Promise<void> {
  const folders = foldersOf(readConfig(process.env));
  if ((await runningState(folders)) !== undefined) {
    throw new StackError('stack', 'it runs', '`headrace stack down` first');
  }
  for (const path of [folders.data, folders.logs, folders.outside]) {
    await rm(path, { recursive: true, force: true });
  }
  await rm(join(folders.root, 'state.json'), { force: true });
  print('data deleted; downloads kept');
}

async function status({ json }: { json?: boolean }): Promise<void> {
  const state = await runningState(foldersOf(readConfig(process.env)));
  if (state === undefined) process.exitCode = 1;
  if (json === true) print(JSON.stringify(state ?? { launcher: null, parts: [] }, undefined, 2));
  else print(state === undefined ? 'nothing runs: `headrace stack up`' : table(state));
}

async function logs(part: string | undefined, { follow }: { follow?: boolean }): Promise<void> {
  const { logs: folder } = foldersOf(readConfig(process.env));
  const files = (part === undefined ? partNames.filter((name) => name !== 'mail') : [part]).map(
    (name) => join(folder, `${name}.log`),
  );
  process.exitCode = await run('tail', ['-n', '200', ...(follow === true ? ['-F'] : []), ...files]);
}

function table({ parts, addresses }: State): string {
  const rows = new Table({
    head: ['part', 'from', 'address', 'pid', 'log'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, own, address, pid, log } of parts) {
    rows.push([name, own ? 'started here' : 'outside', address, pid ?? '', log ?? '']);
  }
  const pages = [
    ...(addresses.temporalUiUrl === undefined ? [] : [`Temporal's UI  ${addresses.temporalUiUrl}`]),
    ...(addresses.mailUrl === undefined ? [] : [`notices sent   ${addresses.mailUrl}`]),
  ];
  return [rows.toString(), ...pages].join('\n');
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
