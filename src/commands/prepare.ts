/** `headrace prepare`: tables, topics, search attributes and schedules, once per stack. */
import { Command } from 'commander';
import type { Addresses } from '../addresses.js';
import { openClients } from '../clients.js';
import { ConfigError, readConfig } from '../config.js';
import { type Preparation, prepare } from '../launch.js';
import { createLog } from '../log.js';
import { installRuntime } from '../sdk-runtime.js';
import { foldersOf } from '../stack/folders.js';
import { runningState, type State } from '../stack/state.js';
import { addressesInUse } from './connection.js';

interface Wanted {
  readonly shop: boolean;
  readonly ownTemporal: boolean;
}

/** The command. Doing it again changes nothing. */
export function prepareCommand(): Command {
  return new Command('prepare')
    .description(
      'create Headrace’s tables, topics, search attributes and schedule on a stack of your own',
    )
    .option('--shop', 'also create the demo’s tables, and Debezium’s connector on them', false)
    .option(
      '--own-temporal',
      'Temporal’s namespace is Headrace’s alone: keep its closed runs for 7 days',
      false,
    )
    .action(run);
}

async function run(wanted: Wanted): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.HEADRACE_LOG_LEVEL, 2);
  installRuntime(log);
  const inUse = await addressesInUse(config, process.env);
  const preparation = preparationOf(inUse, wanted, await runningState(foldersOf(config)));
  const { addresses } = preparation;
  const clients = await openClients(config, addresses, process.env, log);
  try {
    await prepare(config, preparation, clients);
    log.info('ready for worker and bridge');
  } finally {
    await clients.close();
  }
}

/**
 * What is made on a stack from outside. The database is somebody's: the demo's tables go into it
 * only on request. So is the namespace: how long it keeps runs is set on request, or where it is
 * that of the local stack.
 * @throws ConfigError when the connector is wanted and nobody says where Kafka Connect answers.
 */
export function preparationOf(
  addresses: Addresses,
  { shop, ownTemporal }: Wanted,
  local: State | undefined,
): Preparation {
  if (shop && addresses.connectUrl === '') {
    throw new ConfigError(
      'prepare: CONNECT_URL: is required with --shop: Kafka Connect runs the connector on the tables',
    );
  }
  const isLocal =
    local !== undefined &&
    local.addresses.temporalAddress === addresses.temporalAddress &&
    local.parts.some(({ name, own }) => name === 'temporal' && own);
  const own = ownTemporal || isLocal;
  return { addresses, shopTables: shop, connector: shop, ownTemporal: own };
}
