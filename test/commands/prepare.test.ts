import { expect, test } from 'vitest';
import { preparationOf } from '../../src/commands/prepare.js';
import type { State } from '../../src/stack/state.js';

const addresses = {
  ...{ kafkaBrokers: ['k:9092'], connectUrl: 'http://c:8083', databaseUrl: 'postgres://d/s' },
  ...{ temporalAddress: 't:7233', temporalNamespace: 'default', smtpHost: 'm', smtpPort: 25 },
};

const local: State = {
  launcher: 1,
  addresses,
  parts: [{ name: 'temporal', own: true, address: 't:7233' }],
};
const nothing = { shop: false, ownTemporal: false };

test('a database from outside gets no table of the demo, unless asked for', () => {
  const bare = { shopTables: false, connector: false, ownTemporal: false };
  expect(preparationOf(addresses, nothing, undefined)).toMatchObject(bare);
  expect(preparationOf({ ...addresses, connectUrl: '' }, nothing, undefined)).toMatchObject(bare);
  const whole = { shopTables: true, connector: true, ownTemporal: false };
  expect(preparationOf(addresses, { ...nothing, shop: true }, undefined)).toMatchObject(whole);
});

test('how long runs are kept is set where asked for, and in the local stack', () => {
  const isOwn = (state: State | undefined, ownTemporal = false): boolean =>
    preparationOf(addresses, { ...nothing, ownTemporal }, state).ownTemporal;
  expect(isOwn(undefined)).toBe(false);
  expect(isOwn(undefined, true)).toBe(true);
  expect(isOwn(local)).toBe(true);
  const elsewhere = { ...local, addresses: { ...addresses, temporalAddress: '127.0.0.1:1' } };
  expect(isOwn(elsewhere)).toBe(false);
  expect(isOwn({ ...local, parts: [{ name: 'temporal', own: false, address: '' }] })).toBe(false);
});

test('the connector needs Kafka Connect: the variable is named', () => {
  const away = { ...addresses, connectUrl: '' };
  const prepared = () => preparationOf(away, { ...nothing, shop: true }, undefined);
  expect(prepared).toThrow('prepare: CONNECT_URL: is required with --shop');
});
