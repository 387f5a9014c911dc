import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressesInUse } from '../../src/commands/connection.js';
import { ConfigError, readConfig } from '../../src/config.js';

const local = {
  kafkaBrokers: ['127.0.0.1:19092'],
  connectUrl: 'http://127.0.0.1:18083',
  databaseUrl: 'postgres://postgres@127.0.0.1:15432/ecommerce',
  temporalAddress: '127.0.0.1:17233',
  temporalNamespace: 'default',
  smtpHost: '127.0.0.1',
  smtpPort: 11025,
};

describe('addresses in use', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'headrace-test-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  // A profile of whoever runs the tests must not leak in.
  const resolve = (env: NodeJS.ProcessEnv) => {
    const whole = {
      HEADRACE_DATA: folder,
      TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'),
      ...env,
    };
    return addressesInUse(readConfig(whole), whole);
  };

  const save = (content: unknown) => writeFile(join(folder, 'state.json'), JSON.stringify(content));

  it('are those of the local stack', async () => {
    await save({ addresses: local, launcher: process.pid });
    expect(await resolve({})).toEqual(local);
  });

  it('are taken from the environment where it names them', async () => {
    await save({ addresses: local, launcher: process.pid });
    const env = {
      TEMPORAL_ADDRESS: 'temporal:7233',
      TEMPORAL_NAMESPACE: 'shop',
      SMTP_HOST: 'mail',
    };
    expect(await resolve(env)).toEqual({
      ...local,
      temporalAddress: 'temporal:7233',
      temporalNamespace: 'shop',
      smtpHost: 'mail',
      smtpPort: 25,
    });
  });

  it('need no local stack when all is elsewhere', async () => {
    const env = {
      TEMPORAL_ADDRESS: 't:7233',
      KAFKA_BROKERS: 'k:9092',
      DATABASE_URL: 'postgres://d/s',
    };
    expect(await resolve(env)).toMatchObject({
      kafkaBrokers: ['k:9092'],
      temporalAddress: 't:7233',
      temporalNamespace: 'default',
      databaseUrl: 'postgres://d/s',
    });
  });

  it('are missed with a word on what to do', async () => {
    await expect(resolve({ TEMPORAL_ADDRESS: 't:7233' })).rejects.toThrow(
      'connection: nothing runs: `npm start` first, or set KAFKA_BROKERS, DATABASE_URL',
    );
  });

  it('are missed, too, where the launcher of the local stack has died', async () => {
    await save({ addresses: local, launcher: 2 ** 22 + 1 });
    await expect(resolve({})).rejects.toThrow(ConfigError);
  });
});
