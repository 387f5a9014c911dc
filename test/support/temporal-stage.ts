/** What bridges inside a test share: clients of the real Kafka, Postgres and Temporal, and workers. */
import { Client } from '@temporalio/client';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { Pool } from 'pg';
import { pino } from 'pino';
import type { Addresses } from '../../src/addresses.js';
import { type Bridge, runBridge } from '../../src/bridge.js';
import type { BridgeOptions } from '../../src/bridge-options.js';

export interface Running {
  stop(withinMs?: number): Promise<unknown>;
}

export interface TemporalStage {
  readonly kafka: Kafka;
  readonly producer: Producer;
  readonly pool: Pool;
  readonly connection: NativeConnection;
  readonly client: Client;
  /** A worker that polls until it is stopped, at the latest until `close`. */
  worker(options: Omit<WorkerOptions, 'connection'>): Promise<Running>;
  /** A bridge over these clients that logs nothing, until `end` or `rest`. */
  bridge(options: Partial<BridgeOptions> & Needed): Promise<Bridge>;
  /** `one` is stopped at the next `rest`. */
  untilRest(one: Running): void;
  /** Stops `one` before that. */
  end(one: Running, withinMs?: number): Promise<void>;
  /** Stops what a test has started, the newest first. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

type Needed = Pick<BridgeOptions, 'routes' | 'groupId' | 'taskQueue' | 'deadLetterTopic'>;

/** Opens what the tests of a file share; `close` ends what is left of it. */
export async function openTemporalStage(addresses: Addresses): Promise<TemporalStage> {
  const kafka = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  const pool = new Pool({ connectionString: addresses.databaseUrl });
  const connection = await NativeConnection.connect({ address: addresses.temporalAddress });
  const client = new Client({ connection });
  const running: Running[] = [];
  const workers: Running[] = [];

  const rest = async (): Promise<void> => {
    for (const one of running.splice(0).reverse()) await one.stop();
  };
  return {
    ...{ kafka, producer, pool, connection, client, rest },
    worker: async (options) => {
      const started = await work({ connection, ...options });
      workers.push(started);
      return started;
    },
    bridge: async (options) => {
      const log = pino({ level: 'silent' });
      const started = await runBridge({ ...{ kafka, client, log }, ...options });
      running.push(started);
      return started;
    },
    untilRest: (one) => {
      running.push(one);
    },
    end: async (one, withinMs) => {
      running.splice(0, Infinity, ...running.filter((other) => other !== one));
      await one.stop(withinMs);
    },
    close: async () => {
      await rest();
      await Promise.all(workers.map((one) => one.stop()));
      await connection.close();
      await producer.disconnect();
      await pool.end();
    },
  };
}

async function work(options: WorkerOptions): Promise<Running> {
  const worker = await Worker.create(options);
  const working = worker.run();
  return {
    stop: () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      return working;
    },
  };
}
