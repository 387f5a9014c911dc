/**
 * Where a round takes place: a topic, tables and orders of its own on the real stack, a gateway, and
 * Headrace's two processes, which are not started yet.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { startGateway, type TestGateway } from '../../demo/gateway.js';
import type { Addresses } from '../../src/addresses.js';
import { ensureTopics } from '../../src/stack/topics.js';
import { makeOrders, ownerNames } from './load.js';
import type { Round } from './routes.js';
import { Supervised } from './supervised.js';
import { ensureWitness } from './witness.js';

export interface SceneOptions {
  readonly addresses: Addresses;
  /** In which Headrace's processes run. */
  readonly env: Readonly<Record<string, string>>;
  /** The built crash matrix. */
  readonly built: string;
  readonly logs: string;
}

export interface Scene {
  readonly round: Round;
  readonly kafka: Kafka;
  readonly pool: pg.Pool;
  readonly gateway: TestGateway;
  readonly own: Readonly<Record<'bridge' | 'worker', Supervised>>;
  /** Ends Headrace's processes and the runs of the round. */
  close(): Promise<void>;
}

/** From the folder of the built crash matrix. */
const headrace = '../../../bin/headrace.js';
const orders = 24;

export async function openScene(options: SceneOptions): Promise<Scene> {
  const { addresses, built, logs } = options;
  const round = newRound();
  await mkdir(logs, { recursive: true });
  const gateway = await startGateway();
  const env = { ...options.env, PAYMENT_GATEWAY_URL: gateway.url };
  const pool = new pg.Pool({ connectionString: addresses.databaseUrl, max: 8 });
  // What breaks an idle connection is often meant to.
  pool.on('error', () => undefined);
  const kafka = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
  const prepare = [join(built, headrace), 'prepare', '--shop'];
  await promisify(execFile)(process.execPath, prepare, { env });
  await ensureTopics(kafka, [{ topic: round.topic, partitions: 6 }]);
  await ensureWitness(pool);
  await makeOrders(pool, round);
  const bundle = join(logs, 'crash-matrix.bundle.cjs');
  await writeBundle(built, bundle);
  const processEnv = { ...env, MATRIX_ROUND: JSON.stringify(round), MATRIX_BUNDLE: bundle };
  const own = (role: 'bridge' | 'worker'): Supervised =>
    new Supervised(role, {
      command: [join(built, 'process.js'), role],
      env: processEnv,
      logFile: join(logs, `crash-matrix-${role}.log`),
    });
  const [bridge, worker] = [own('bridge'), own('worker')];
  const close = async (): Promise<void> => {
    await Promise.all([bridge.close(), worker.close()]);
    await endRuns(addresses.temporalAddress, round);
    await Promise.all([pool.end(), gateway.stop()]);
  };
  return { round, kafka, pool, gateway, own: { bridge, worker }, close };
}

function newRound(): Round {
  const name = `m${randomUUID().slice(0, 8)}`;
  const firstOrder = 1_000_000 + Math.floor(Math.random() * 2_000_000_000);
  return { name, topic: `matrix.${name}`, firstOrder, orders };
}

async function writeBundle(built: string, file: string): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(built, 'workflows/index.js'),
    logger: new DefaultLogger('ERROR'),
  });
  await writeFile(file, code);
}

/** Accounts never end by themselves. */
async function endRuns(address: string, { name, firstOrder }: Round): Promise<void> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const numbers = Array.from({ length: orders }, (_, index) => String(firstOrder + index));
  const ends = [...ownerNames, ...numbers].map((owner) =>
    client.workflow.getHandle(`matrix-account:${name}/${owner}`).terminate('the round is over'),
  );
  await Promise.allSettled(ends);
  await connection.close();
}
