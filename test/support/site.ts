/** What every integration test needs of the real stack: a shop, a gateway, and Headrace's processes. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import pg from 'pg';
import { startGateway, type TestGateway } from '../../demo/gateway.js';
import type { Addresses } from '../../src/addresses.js';
import { shopTopics } from '../../src/bridges/shop-topics.js';
import { environmentOf, type Headrace, headrace, runHeadrace } from './headrace.js';

export interface Site {
  readonly pool: pg.Pool;
  readonly client: Client;
  readonly kafka: Kafka;
  readonly producer: Producer;
  readonly gateway: TestGateway;
  /** Prefix for ids, so that tests on one stack do not meet. */
  readonly name: string;
  bridge(): Promise<Headrace>;
  worker(): Promise<Headrace>;
  /** Publishes an application event of `type` for `key`. */
  publish(type: string, key: string, data: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

/** Days of the workflows' schedules last this long. */
const dayMs = 400;

/** Makes the stack ready and opens what tests use; `more` is added to Headrace's environment. `close` ends every process it started. */
export async function openSite(
  addresses: Addresses,
  more: Readonly<Record<string, string>> = {},
): Promise<Site> {
  const name = `t${randomUUID().slice(0, 6)}`;
  const gateway = await startGateway();
  const env = environmentOf(addresses, {
    HEADRACE_GROUP: 'headrace-test',
    HEADRACE_TASK_QUEUE: 'headrace',
    PAYMENT_GATEWAY_URL: gateway.url,
    ...more,
  });
  await runHeadrace(['prepare', '--shop'], env);
  const pool = new pg.Pool({ connectionString: addresses.databaseUrl, max: 5 });
  pool.on('error', () => undefined);
  const connection = await Connection.connect({ address: addresses.temporalAddress });
  const kafka = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  const running: Headrace[] = [];
  const start = async (args: readonly string[]): Promise<Headrace> => {
    const process_ = await headrace(args, env);
    running.push(process_);
    return process_;
  };
  return {
    ...{ pool, kafka, producer, gateway, name },
    client: new Client({ connection }),
    bridge: () => start(['bridge', '--day-ms', String(dayMs)]),
    worker: () => start(['worker']),
    publish: async (type, key, data) => {
      const occurredAt = new Date().toISOString();
      const value = JSON.stringify({ id: `${type}:${key}`, type, occurredAt, data });
      await producer.send({ topic: shopTopics.events, messages: [{ key, value }] });
    },
    close: async () => {
      await Promise.all(running.map((process_) => process_.stop()));
      await producer.disconnect();
      await connection.close();
      await pool.end();
      await gateway.stop();
    },
  };
}

/** Waits until `holds`; fails with `what` after `withinMs`. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean>,
  withinMs = 60_000,
): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`not within ${String(withinMs)} ms: ${what}`);
    await sleep(50);
  }
}

/** True once the workflow of `handle` was started. */
export function exists(handle: Pick<WorkflowHandle, 'describe'>): Promise<boolean> {
  return succeeds(handle.describe());
}

/** True when `attempt` is fulfilled, false when it is rejected: for what is tried until it goes. */
export function succeeds(attempt: Promise<unknown>): Promise<boolean> {
  return attempt.then(
    () => true,
    () => false,
  );
}
