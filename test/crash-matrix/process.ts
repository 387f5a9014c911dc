/**
 * `node process.js bridge|worker`: one process of Headrace with the crash matrix's routes, workflows
 * and activities. It says `ready` once, and ends with its parent, or when it is killed.
 */
import { runBridge } from '../../src/bridge.js';
import { deadLetterTopic } from '../../src/bridges/shop-topics.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { openClients } from '../../src/clients.js';
import { addressesInUse } from '../../src/commands/connection.js';
import { readConfig } from '../../src/config.js';
import { createLog } from '../../src/log.js';
import { installRuntime } from '../../src/sdk-runtime.js';
import { runWorker } from '../../src/worker.js';
import { workerActivities } from '../../src/worker-activities.js';
import { matrixRoutes, type Round } from './routes.js';
import { createWitness } from './witness.js';

const { env } = process;
const config = readConfig(env);
const log = createLog('info', 2);
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));

installRuntime(log);
const addresses = await addressesInUse(config, env);
const clients = await openClients(config, addresses, env, log);
const { namespace } = clients;
const taskQueue = config.HEADRACE_TASK_QUEUE;
const ready = (): void => void process.stdout.write('ready\n');

if (process.argv[2] === 'bridge') {
  const { kafka, client } = clients;
  const round = JSON.parse(env['MATRIX_ROUND'] ?? '') as Round;
  const bridge = await runBridge({
    ...{ kafka, client, namespace, taskQueue, deadLetterTopic, log },
    groupId: config.HEADRACE_GROUP,
    routes: matrixRoutes(round),
    store: createHoldingStore(clients.pool),
  });
  ready();
  await bridge.halted;
} else {
  const { connection, pool } = clients;
  const gatewayUrl = config.PAYMENT_GATEWAY_URL ?? '';
  const activities = workerActivities({ config, clients, addresses, gatewayUrl, log });
  const worker = await runWorker({
    ...{ connection, namespace, taskQueue },
    bundlePath: env['MATRIX_BUNDLE'] ?? '',
    activities: { ...activities, ...createWitness(pool) },
  });
  ready();
  await worker.ended;
}
