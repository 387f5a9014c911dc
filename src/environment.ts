/** Kafka, Temporal and Postgres as the environment names them: the variables of the commands. */
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { Kafka } from 'kafkajs';
import pg from 'pg';
import type { Logger } from 'pino';
import { configuredDecoder, type Decoder } from './bridges/matching/decoder.js';
import { kafkaClient } from './bridges/intake/kafka-client.js';
import { ConfigError, readConfig } from './config.js';
import { createLog } from './log.js';
import { poolSettings } from './postgres-pool.js';
import { configuredTemporal, connectTemporal } from './temporal-connection.js';

/** For a bridge and a worker; close what uses them first. */
export interface Connections {
  readonly kafka: Kafka;
  readonly client: Client;
  /** Serves the client and workers. */
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Reads with `SCHEMA_REGISTRY_URL` where that is set. */
  readonly decoder: Decoder;
  /** Absent without `DATABASE_URL`. */
  readonly pool?: pg.Pool;
  close(): Promise<void>;
}

/**
 * Connects to Temporal; Kafka and Postgres connect at first use. `KAFKA_BROKERS` is needed;
 * `TEMPORAL_ADDRESS` is `localhost:7233` where neither it nor a profile says otherwise.
 * @throws ConfigError naming every variable that is wrong or missing.
 */
export async function connectFromEnvironment(
  env: NodeJS.ProcessEnv = process.env,
  log: Logger = createLog('info', 2),
): Promise<Connections> {
  const config = readConfig(env);
  const { KAFKA_BROKERS: brokers, DATABASE_URL: connectionString } = config;
  if (brokers === undefined) throw new ConfigError('config: KAFKA_BROKERS: is required');
  const kafka = kafkaClient(config, brokers, log);
  const { address = 'localhost:7233', namespace = 'default' } = configuredTemporal(env);
  const addresses = { temporalAddress: address, temporalNamespace: namespace };
  const temporal = await connectTemporal(addresses, env);
  const pool =
    connectionString === undefined ? undefined : new pg.Pool(poolSettings(connectionString));
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool?.on('error', (error) => {
    log.warn({ part: 'postgres', error: error.message }, 'idle connection lost');
  });
  const close = async (): Promise<void> => {
    await pool?.end();
    await temporal.connection.close();
  };
  const decoder = configuredDecoder(config);
  return { ...temporal, kafka, decoder, ...(pool === undefined ? {} : { pool }), close };
}
