/** `headrace start`: the stack where it is not configured from outside, worker, bridge, and a live view. */
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { openClients } from '../clients.js';
import { readConfig } from '../config.js';
import { launchBridge, launchWorker, type LaunchOptions, prepare } from '../launch.js';
import { createLog } from '../log.js';
import { tellAll } from '../bridges/engine/observer.js';
import { rememberConnector, shopConnector } from '../stack/connector.js';
import { foldersOf, makeFolders } from '../stack/folders.js';
import { StatusBoard } from '../status-board.js';
import { openMonitoring } from '../monitoring.js';
import { openDemo } from './demo.js';
import { launchStack } from './launch-stack.js';
import { placesOf, showLive, welcome } from './live-view.js';
import { untilStopped } from './until-stopped.js';

const both = ['bridge', 'worker'] as const;
const demoDayMs = 2_000;

interface Options {
  readonly demo: boolean;
  readonly plain: boolean;
}

/** The command. Exit code 0 after a stop, 1 when something failed, 2 for a bad configuration. */
export function startCommand(): Command {
  return new Command('start')
    .description('start everything that is not configured from outside, then worker and bridge')
    .option('--demo', 'let a small shop write orders and payments', false)
    .addOption(new Option('--plain', 'print lines instead of redrawing the screen').default(false))
    .action((options: Options) => start(options));
}

async function start({ demo: withDemo, plain }: Options): Promise<void> {
  const config = readConfig(process.env);
  makeFolders(foldersOf(config));
  const log = createLog(config.HEADRACE_LOG_LEVEL, join(config.HEADRACE_DATA, 'logs/headrace.log'));
  const port = config.HEADRACE_HTTP_PORT ?? 0;
  const monitoring = await openMonitoring({ ...config, HEADRACE_HTTP_PORT: port }, both, log);
  const stopped = untilStopped();
  const closing = new AbortController();
  const closers: (() => Promise<void>)[] = [() => monitoring.close()];
  try {
    const lost: string[] = [];
    const stack = await launchStack(config, stopped, print, (problem) => lost.push(problem));
    closers.push(() => stack.stop());
    const clients = await openClients(config, stack.addresses, process.env, log);
    closers.push(() => clients.close());
    const { addresses } = stack;
    const own = (part: string) => stack.parts.some((one) => one.name === part && one.own);
    const preparation = {
      addresses,
      shopTables: own('postgres'),
      connector: own('connect'),
      ownTemporal: own('temporal'),
    };
    await prepare(config, preparation, clients);
    if (own('connect')) {
      await rememberConnector(foldersOf(config), shopConnector(addresses.databaseUrl));
    }
    const demo = await openDemo({ config, clients, addresses, log, withShop: withDemo });
    closers.push(() => demo.stop());
    const board = new StatusBoard(clients.client);
    const dayMs = withDemo ? { dayMs: demoDayMs } : {};
    const options: LaunchOptions = {
      ...{ config, clients, addresses, gatewayUrl: demo.gatewayUrl, log, worker: true, ...dayMs },
      observer: tellAll([monitoring.observer, board]),
    };
    const worker = await launchWorker(options);
    closers.push(() => worker.stop());
    const bridge = await launchBridge(options);
    closers.push(() => bridge.stop());
    monitoring.watch({ ...clients, bridge, worker });
    demo.open();
    const places = placesOf(config, addresses, {
      gateway: demo.gatewayUrl,
      monitoring: monitoring.url,
    });
    print(welcome(places).join('\n'));
    const failed = Promise.race([bridge.halted, worker.ended]);
    const below = (): string[] => [...demo.notices(), ...lost];
    const view = showLive({ board, places, below, plain, signal: closing.signal });
    await Promise.race([stopped, failed, view]);
  } finally {
    closing.abort();
    if (closers.length > 1) print('stopping: draining what is in flight');
    // In reverse: intake first, the stack last.
    for (const close of closers.reverse()) await close();
    if (closers.length > 1) print('stopped');
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
