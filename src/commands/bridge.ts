/** `headrace bridge`: the bridge alone, against addresses from outside or a stack that runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Bridge } from '../bridge.js';
import { openClients } from '../clients.js';
import { readConfig } from '../config.js';
import { launchBridge } from '../launch.js';
import { createLog } from '../log.js';
import { openMonitoring } from '../monitoring.js';
import { addressesInUse } from './connection.js';
import { untilStopped } from './until-stopped.js';
import { wholeNumber } from './whole-number.js';

/** What is still open when everything has ended is of no use to anybody after so long, ms. */
const lingerMs = 1_000;

/** A bridge that is told to stop while it is being launched has so long to be there after all, ms. */
const launchMs = 3_000;

const day = 86_400_000;

interface Options {
  readonly dayMs: number;
}

/** The command. Exit code 0 after a drained stop, 1 when the bridge halts or cannot be launched. */
export function bridgeCommand(): Command {
  return new Command('bridge')
    .description('run the bridge: Kafka in, Temporal out')
    .option(
      '--day-ms <ms>',
      `length of a day in the schedules of workflows it starts: 1 to ${String(day)}; less is for trying out`,
      wholeNumber(1, day),
      day,
    )
    .action(run);
}

async function run({ dayMs }: Options): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.HEADRACE_LOG_LEVEL, 2);
  const monitoring = await openMonitoring(config, ['bridge'], log);
  const stopped = untilStopped();
  const addresses = await addressesInUse(config, process.env);
  const clients = await openClients(config, addresses, process.env, log);
  const settings = { config, clients, addresses, gatewayUrl: '', dayMs, log };
  const { observer } = monitoring;
  const launching = launchBridge({ ...settings, observer });
  const running = launching.then(async (bridge) => {
    monitoring.watch({ ...clients, bridge });
    log.info({ group: config.HEADRACE_GROUP, monitoring: monitoring.url }, 'bridge runs');
    await bridge.halted;
  });
  let bridge: Bridge | undefined;
  try {
    await Promise.race([stopped, running]);
  } finally {
    const patience = sleep(launchMs, undefined, { ref: false });
    bridge = await Promise.race([launching.catch(() => undefined), patience]);
    await bridge?.stop();
    await clients.close();
    await monitoring.close();
    log.info(bridge === undefined ? 'stopped before it ran' : 'bridge stopped');
    // A broker that does not answer keeps its connections, and kafkajs goes on trying to connect;
    // neither must keep the process.
    setTimeout(() => process.exit(), lingerMs).unref();
  }
}
