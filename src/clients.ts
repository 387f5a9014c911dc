/** The connections that a process of Headrace holds, opened and closed together. */
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { Kafka } from 'kafkajs';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Addresses } from './addresses.js';
import { kafkaClient } from './bridges/intake/kafka-client.js';
import type { Config } from './config.js';
import { poolSettings } from './postgres-pool.js';
import { connectTemporal } from './temporal-connection.js';

export interface Clients {
  readonly kafka: Kafka;
  readonly pool: pg.Pool;
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly namespace: string;
  close(): Promise<void>;
}

/** Opens them; Kafka and Postgres connect at first use. */
export async function openClients(
  config: Config,
  addresses: Addresses,
  env: NodeJS.ProcessEnv,
  log: Logger,
): Promise<Clients> {
  const temporal = await connectTemporal(addresses, env);
  const pool = new pg.Pool({ ...poolSettings(addresses.databaseUrl), max: 10 });
  // An idle connection that breaks is replaced by the pool; without a listener it ends the process.
  pool.on('error', (error) => {
    log.warn({ part: 'postgres', error: error.message }, 'idle connection lost');
  });
  const close = async (): Promise<void> => {
    await pool.end();
    await temporal.connection.close();
  };
  const kafka = kafkaClient(config, addresses.kafkaBrokers, log);
  return { ...temporal, kafka, pool, close };
}
