/** `headrace prepare`: tables, topics, search attributes and schedules, once per stack. */
import { Command } from 'commander';
import type { Addresses } from '../addresses.js';
import { openClients } from '../clients.js';
import { ConfigError, readConfig } from '../config.js';
import { type Preparation, prepare } from '../launch.js';
import { createLog } from '../log.js';
import { installRuntime } from '../sdk-runtime.js';
import { addressesInUse } from './connection.js';

/** The command. Doing it again changes nothing. */
export function prepareCommand(): Command {
  return new Command('prepare')
    .description(
      'create Headrace’s tables, topics, search attributes and schedule on a stack of your own',
    )
    .option('--shop', 'also create the demo’s tables, and Debezium’s connector on them', false)
    .action(async ({ shop }: { shop: boolean }) => {
      const config = readConfig(process.env);
      const log = createLog(config.HEADRACE_LOG_LEVEL, 2);
      installRuntime(log);
      const preparation = preparationOf(await addressesInUse(config, process.env), { shop });
      const { addresses } = preparation;
      const clients = await openClients(config, addresses, process.env, log);
      try {
        await prepare(config, preparation, clients);
        log.info('ready for worker and bridge');
      } finally {
        await clients.close();
      }
    });
}

/**
 * What is made on a stack from outside. The database is somebody's: the demo's tables go into it
 * only on request.
 * @throws ConfigError when the connector is wanted and nobody says where Kafka Connect answers.
 */
export function preparationOf(
  addresses: Addresses,
  { shop }: { readonly shop: boolean },
): Preparation {
  if (shop && addresses.connectUrl === '') {
    throw new ConfigError(
      'prepare: CONNECT_URL: is required with --shop: Kafka Connect runs the connector on the tables',
    );
  }
  return { addresses, shopTables: shop, connector: shop, ownTemporal: false };
}
