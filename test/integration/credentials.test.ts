/**
 * Credentials of Postgres that are wrong, or become wrong while a bridge runs: no retry mends that,
 * and it holds for every record that would be held. The bridge halts and says what to do.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Bridge, runBridge } from '../../src/bridge.js';
import { ensureHoldingSchema } from '../../src/bridges/holding/holding-schema.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { createTopics } from '../../src/bridges/intake/topic-creation.js';
import { entryRoute } from '../support/ledger-entries.js';
import { eventually } from '../support/site.js';

const addresses = inject('addresses');
const user = `bridge_${randomUUID().slice(0, 8)}`;

describe('wrong credentials for Postgres', () => {
  const owner = new pg.Pool({ connectionString: addresses.databaseUrl, max: 2 });
  const kafka = new Kafka({ brokers: [...addresses.kafkaBrokers], logLevel: logLevel.NOTHING });
  const client = new Client({
    connection: Connection.lazy({ address: addresses.temporalAddress }),
  });
  const pools: pg.Pool[] = [];
  let bridge: Bridge | undefined;
  let access: string;

  /** Who may come in, as Postgres reads it line by line. */
  const admit = async (lines: string): Promise<void> => {
    await owner.query(`copy (select unnest(string_to_array($text$${lines}$text$, e'\n')))
      to '${await hbaFile()}'`);
    await owner.query('select pg_reload_conf()');
  };
  const hbaFile = async (): Promise<string> => {
    const { rows } = await owner.query<{ file: string }>(
      `select current_setting('hba_file') as file`,
    );
    return rows[0]?.file ?? '';
  };

  beforeAll(async () => {
    await ensureHoldingSchema(owner);
    await owner.query(`create role ${user} login password 'first-secret'`);
    await owner.query(`grant usage on schema headrace to ${user}`);
    await owner.query(`grant all on all tables in schema headrace to ${user}`);
    await owner.query(`grant all on all sequences in schema headrace to ${user}`);
    const { rows } = await owner.query<{ text: string }>(
      `select replace(pg_read_file(current_setting('hba_file')), e'\t', ' ') as text`,
    );
    access = rows[0]?.text ?? '';
    await admit(`host all ${user} 127.0.0.1/32 scram-sha-256\n${access}`);
  });
  afterEach(async () => {
    await bridge?.stop();
    bridge = undefined;
    await Promise.all(pools.splice(0).map((pool) => pool.end()));
  });
  afterAll(async () => {
    await admit(access);
    await owner.query(`drop owned by ${user}; drop role ${user}`);
    await owner.end();
    await client.connection.close();
  });

  const run = async (password: string, database?: string): Promise<Bridge> => {
    const topic = `credentials-${randomUUID().slice(0, 8)}`;
    const admin = kafka.admin();
    await admin.connect();
    await createTopics(admin, [{ topic, numPartitions: 1 }]);
    await admin.disconnect();
    const url = new URL(addresses.databaseUrl);
    Object.assign(url, { username: user, password });
    if (database !== undefined) url.pathname = `/${database}`;
    const pool = new pg.Pool({ connectionString: url.href, max: 2 });
    pool.on('error', () => undefined);
    pools.push(pool);
    bridge = await runBridge({
      ...{ kafka, client, groupId: topic, deadLetterTopic: `${topic}-letters` },
      ...{ routes: [entryRoute(topic)], store: createHoldingStore(pool) },
      log: pino({ level: 'silent' }),
    });
    return bridge;
  };

  it('a wrong password halts it where it starts, and is not told', async () => {
    const { halted } = await run('guessed-secret');
    await expect(halted).rejects.toThrow(/postgres: .*\(28P01\): check .* DATABASE_URL/);
    await expect(halted).rejects.not.toThrow(/guessed-secret/);
  });

  it('so does a database that is not there', async () => {
    const { halted } = await run('first-secret', 'nowhere');
    await expect(halted).rejects.toThrow(/"nowhere" does not exist \(3D000\)/);
  });

  it('a password that is changed while it runs halts it', async () => {
    const { halted, engine } = await run('first-secret');
    await eventually('partitions', () => Promise.resolve([...engine.windows].length > 0));
    await owner.query(`alter role ${user} password 'second-secret'`);
    await owner.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
      user,
    ]);
    await expect(halted).rejects.toThrow(/postgres: .*\(28P01\): check .* DATABASE_URL/);
  });

  it('and so do rights that are taken away', async () => {
    await owner.query(`alter role ${user} password 'first-secret'`);
    const { halted, engine } = await run('first-secret');
    await eventually('partitions', () => Promise.resolve([...engine.windows].length > 0));
    await owner.query(`revoke all on all tables in schema headrace from ${user}`);
    await expect(halted).rejects.toThrow(/permission denied .*\(42501\): grant/);
  });
});
