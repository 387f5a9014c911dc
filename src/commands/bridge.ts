/** `headrace bridge`: the bridge alone, against addresses from outside or a stack that runs. */
import { Command } from 'commander';
import { openClients } from '../clients.js';
import { readConfig } from '../config.js';
import { launchBridge } from '../launch.js';
import { createLog } from '../log.js';
import { openSignals } from '../signals.js';
import { addressesInUse } from './connection.js';
import { untilStopped } from './until-stopped.js';

/** What is still open when everything has ended is of no use to anybody after so long, ms. */
const lingerMs = 1_000;

interface Options {
  readonly dayMs: string;
}

/** The command. Exit code 0 after a drained stop, 1 when the bridge halts. */
export function bridgeCommand(): Command {
  return new Command('bridge')
    .description('run the bridge: Kafka in, Temporal out')
    .option('--day-ms <ms>', 'length of a day in the schedules of workflows it starts', '86400000')
    .action(run);
}

async function run({ dayMs }: Options): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.HEADRACE_LOG_LEVEL, 2);
  const signals = await openSignals(config, ['bridge'], log);
  const stopped = untilStopped();
  const addresses = await addressesInUse(config, process.env);
  const clients = await openClients(config, addresses, process.env, log);
  const settings = { config, clients, addresses, gatewayUrl: '', dayMs: Number(dayMs), log };
  const { observer } = signals;
  const bridge = await launchBridge({ ...settings, observer });
  signals.watch({ ...clients, bridge });
  log.info({ group: config.HEADRACE_GROUP, signals: signals.url }, 'bridge runs');
  try {
    await Promise.race([stopped, bridge.halted]);
  } finally {
    await bridge.stop();
    await clients.close();
    await signals.close();
    log.info('bridge stopped');
    // A broker that does not answer keeps its connections; they must not keep the process.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}
