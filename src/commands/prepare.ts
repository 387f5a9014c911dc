/** `headrace prepare`: tables, topics, connector, search attributes and schedules, once per stack. */
import { Command } from 'commander';
import { openClients } from '../clients.js';
import { readConfig } from '../config.js';
import { prepare } from '../launch.js';
import { createLog } from '../log.js';
import { installRuntime } from '../sdk-runtime.js';
import { addressesInUse } from './connection.js';

/** The command. Doing it again changes nothing. */
export function prepareCommand(): Command {
  return new Command('prepare')
    .description('make a stack from outside ready: tables, topics, connector, search attributes')
    .option('--no-shop', 'leave out the shop’s tables and the connector on them')
    .action(async ({ shop }: { shop: boolean }) => {
      const config = readConfig(process.env);
      const log = createLog(config.HEADRACE_LOG_LEVEL, 2);
      installRuntime(log);
      const addresses = await addressesInUse(config, process.env);
      const clients = await openClients(config, addresses, process.env, log);
      try {
        await prepare(
          config,
          { addresses, shopTables: shop, connector: shop, ownTemporal: false },
          clients,
        );
        log.info('ready for worker and bridge');
      } finally {
        await clients.close();
      }
    });
}
