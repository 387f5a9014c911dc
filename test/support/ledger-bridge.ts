/**
 * `node ledger-bridge.js`: a bridge of ledgers in a process of its own, that can be killed. It says
 * `ready` once, and ends with its parent.
 */
import { runBridge } from '../../src/bridge.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { openClients } from '../../src/clients.js';
import { addressesInUse } from '../../src/commands/connection.js';
import { readConfig } from '../../src/config.js';
import { createLog } from '../../src/log.js';
import { installRuntime } from '../../src/sdk-runtime.js';
import { type LedgerRules, ledgerRoutes } from './ledger-routes.js';

const { env } = process;
const config = readConfig(env);
const topic = config.HEADRACE_GROUP;
const log = createLog('info', 2);
process.stdin.resume();
process.stdin.once('end', () => process.exit(0));

installRuntime(log);
const clients = await openClients(config, await addressesInUse(config, env), env, log);
const { kafka, client, namespace, pool } = clients;
const bridge = await runBridge({
  ...{ kafka, client, namespace, log, groupId: topic, taskQueue: config.HEADRACE_TASK_QUEUE },
  routes: ledgerRoutes(topic, JSON.parse(env['LEDGER_RULES'] ?? '{}') as LedgerRules),
  ...{ store: createHoldingStore(pool), deadLetterTopic: `${topic}-letters` },
});
process.stdout.write('ready\n');
await bridge.halted;
