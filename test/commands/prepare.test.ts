import { expect, test } from 'vitest';
import { preparationOf } from '../../src/commands/prepare.js';

const addresses = {
  ...{ kafkaBrokers: ['k:9092'], connectUrl: 'http://c:8083', databaseUrl: 'postgres://d/s' },
  ...{ temporalAddress: 't:7233', temporalNamespace: 'default', smtpHost: 'm', smtpPort: 25 },
};

test('a database from outside gets no table of the demo, unless asked for', () => {
  const bare = { shopTables: false, connector: false, ownTemporal: false };
  expect(preparationOf(addresses, { shop: false })).toMatchObject(bare);
  expect(preparationOf({ ...addresses, connectUrl: '' }, { shop: false })).toMatchObject(bare);
  const whole = { shopTables: true, connector: true, ownTemporal: false };
  expect(preparationOf(addresses, { shop: true })).toMatchObject(whole);
});

test('the connector needs Kafka Connect: the variable is named', () => {
  const prepared = () => preparationOf({ ...addresses, connectUrl: '' }, { shop: true });
  expect(prepared).toThrow('prepare: CONNECT_URL: is required with --shop');
});
