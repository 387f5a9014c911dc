/**
 * Everything in one process: the stack (what is not configured from outside), then worker, bridge
 * and schedules. `headrace start` is this; `headrace worker` and `headrace bridge` are its halves.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { ensureSchema } from './activities/index.js';
import type { Addresses } from './addresses.js';
import { type Bridge, runBridge } from './bridge.js';
import { ensureDeadLetterTopic } from './bridges/holding/dead-letter-topic.js';
import { ensureHoldingSchema } from './bridges/holding/holding-schema.js';
import { configuredDecoder } from './bridges/matching/decoder.js';
import { createHoldingStore } from './bridges/holding/holding-store.js';
import type { Observer } from './bridges/engine/observer.js';
import { shopRoutes } from './bridges/routes.js';
import { ensureSchedules, schedules } from './bridges/schedules.js';
import { deadLetterTopic, shopTopics } from './bridges/shop-topics.js';
import type { Clients } from './clients.js';
import type { Config } from './config.js';
import { keepRuns } from './stack/retention.js';
import { registerConnector, shopConnector } from './stack/connector.js';
import { ensureTopics } from './stack/topics.js';
import { ensureSearchAttributes } from './stack/search-attributes.js';
import { type RunningWorker, runWorker, type WorkflowSource } from './worker.js';
import { workerActivities } from './worker-activities.js';

const day = 86_400_000;
/** More partitions than consumers anyone will run on one machine; lanes give concurrency inside. */
const partitions = 6;

export interface Preparation {
  readonly addresses: Addresses;
  /** Only where the database is ours to shape. */
  readonly shopTables: boolean;
  readonly connector: boolean;
  /** Only where the namespace is ours to shape. */
  readonly ownTemporal: boolean;
}

/** Makes the stack ready for events: tables, topics, connector, search attributes, schedules. */
export async function prepare(
  config: Config,
  { addresses, shopTables, connector, ownTemporal }: Preparation,
  { pool, kafka, client, connection, namespace }: Clients,
): Promise<void> {
  if (shopTables) await pool.query(await shopSchema());
  const topics = Object.values(shopTopics);
  await Promise.all([
    ensureSchema(pool),
    ensureHoldingSchema(pool),
    ensureTopics(
      kafka,
      topics.map((topic) => ({ topic, partitions })),
    ).then(() => ensureDeadLetterTopic(kafka, deadLetterTopic, topics, partitions)),
    ensureSearchAttributes(connection, namespace),
    ...(ownTemporal ? [keepRuns(connection, namespace)] : []),
  ]);
  if (connector) {
    await registerConnector(addresses.connectUrl, shopConnector(addresses.databaseUrl));
  }
  await ensureSchedules(client, schedules(config));
}

export interface LaunchOptions {
  readonly config: Config;
  readonly clients: Clients;
  readonly addresses: Addresses;
  readonly gatewayUrl: string;
  /** Length of a day in the workflows' schedules, in ms. */
  readonly dayMs?: number;
  readonly log: Logger;
  /** True: this process also runs a worker on the same connection. */
  readonly worker?: boolean;
  readonly observer?: Partial<Observer>;
}

/** Starts the worker on its task queue. */
export function launchWorker(options: LaunchOptions): Promise<RunningWorker> {
  const { config, clients } = options;
  return runWorker({
    connection: clients.connection,
    namespace: clients.namespace,
    taskQueue: config.HEADRACE_TASK_QUEUE,
    activities: workerActivities(options),
    ...workflows(),
  });
}

/** Starts the bridge with the shop's routes. */
export function launchBridge(options: LaunchOptions): Promise<Bridge> {
  const { config, clients, observer, dayMs = day, worker = false, log } = options;
  return runBridge({
    kafka: clients.kafka,
    client: clients.client,
    namespace: clients.namespace,
    taskQueue: config.HEADRACE_TASK_QUEUE,
    groupId: config.HEADRACE_GROUP,
    generation: config.HEADRACE_TOPIC_GENERATION,
    whenRecordsAreGone: config.HEADRACE_WHEN_RECORDS_ARE_GONE,
    routes: shopRoutes({ dayMs }),
    decoder: configuredDecoder(config),
    deadLetterTopic,
    store: createHoldingStore(clients.pool),
    eager: worker,
    log,
    ...(observer === undefined ? {} : { observer }),
  });
}

/** The bundle of `npm run build`, else a fresh one of the sources. */
function workflows(): WorkflowSource {
  const bundlePath = fileURLToPath(new URL('../workflows.bundle.cjs', import.meta.url));
  if (existsSync(bundlePath)) return { bundlePath };
  return { workflowsPath: fileURLToPath(new URL('workflows/index.js', import.meta.url)) };
}

function shopSchema(): Promise<string> {
  return readFile(fileURLToPath(new URL('../../demo/schema.sql', import.meta.url)), 'utf8');
}
