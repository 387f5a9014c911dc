import { expect, test } from 'vitest';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { silent } from '../../../src/bridges/engine/observer.js';
import { postgresRefusal, storeRefusal } from '../../../src/bridges/holding/postgres-refusal.js';
import { enginePorts, Naps } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';

const failure = (code: string, message = 'it says no'): Error =>
  Object.assign(new Error(message), { code });

test.each(['28P01', '28000', '3D000'])('%s says to look at DATABASE_URL', (code) => {
  expect(postgresRefusal(failure(code))).toMatch(/^postgres: .*it says no.*check .*DATABASE_URL$/);
});

test('rights that are missing, and a password that is missing', () => {
  expect(postgresRefusal(failure('42501'))).toMatch(/schema headrace/);
  const none = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string');
  expect(postgresRefusal(none)).toMatch(/DATABASE_URL/);
});

test.each(['42P01', '42703', '3F000'])('%s: tables that are missing or old say how', (code) => {
  expect(postgresRefusal(failure(code))).toMatch(/it says no.*`headrace prepare`.*ensureHolding/);
});

test('what no retry can mend: values that cannot be stored, and what is no answer at all', () => {
  expect(postgresRefusal(failure('22008'))).toMatch(/it says no .*report it/);
  const fault = new RangeError('Invalid time value');
  expect(storeRefusal(fault)).toMatch(/^held records: RangeError: Invalid time value.*report it/);
  expect(postgresRefusal(fault)).toBeUndefined();
  expect(storeRefusal(failure('42501'))).toBe(postgresRefusal(failure('42501')));
  expect(storeRefusal(new Error('Connection terminated unexpectedly'))).toBeUndefined();
});

test.each(['ECONNREFUSED', '57P03', '53300', '40001', '08006', '0A000', ''])(
  '%s is of the moment',
  (code) => {
    expect(postgresRefusal(failure(code))).toBeUndefined();
  },
);

test.each([
  ['3D000', 1],
  ['42P01', 1],
  ['42703', 1],
  ['ECONNREFUSED', 0],
])('a store that answers a claim with %s halts the engine %i times', async (code, times) => {
  const halts: string[] = [];
  const naps = new Naps();
  const store = new FakeHoldingStore();
  store.claim = () => Promise.reject(failure(code));
  const never = () => Promise.reject(new Error('nothing is sent'));
  const ports = enginePorts({
    ...{
      store,
      observer: silent,
      dispatch: never,
      recall: never,
      inboxOf: never,
      publishDeadLetter: never,
    },
    sleep: naps.sleep,
    halt: (cause) => void halts.push(cause),
  });
  const engine = new Engine(ports);
  engine.assigned([{ topic: 't', generation: '0', partition: 0, from: 0n }]);
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    void naps.wake();
  }
  expect(halts).toHaveLength(times);
});
