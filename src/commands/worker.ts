/** `headrace worker`: the worker alone, against addresses from outside or a stack that runs. */
import { Command } from 'commander';
import { openClients } from '../clients.js';
import { ConfigError, readConfig } from '../config.js';
import { launchWorker } from '../launch.js';
import { createLog } from '../log.js';
import { openMonitoring } from '../monitoring.js';
import { addressesInUse } from './connection.js';
import { untilStopped } from './until-stopped.js';

/** The command. Exit code 0 after a stop, 1 when the worker dies. */
export function workerCommand(): Command {
  return new Command('worker').description('run the worker: workflows and activities').action(run);
}

async function run(): Promise<void> {
  const config = readConfig(process.env);
  const gatewayUrl = config.PAYMENT_GATEWAY_URL;
  if (gatewayUrl === undefined) {
    throw new ConfigError('config: PAYMENT_GATEWAY_URL: is required to run the worker alone');
  }
  const log = createLog(config.HEADRACE_LOG_LEVEL, 2);
  const monitoring = await openMonitoring(config, ['worker'], log);
  const stopped = untilStopped();
  const addresses = await addressesInUse(config, process.env);
  const clients = await openClients(config, addresses, process.env, log);
  const worker = await launchWorker({ config, clients, addresses, gatewayUrl, log });
  monitoring.watch({ ...clients, worker });
  log.info({ taskQueue: config.HEADRACE_TASK_QUEUE, monitoring: monitoring.url }, 'worker runs');
  try {
    await Promise.race([stopped, worker.ended]);
  } finally {
    await worker.stop();
    await clients.close();
    await monitoring.close();
    log.info('worker stopped');
  }
}
