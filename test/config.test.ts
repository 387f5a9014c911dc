import { expect, test } from 'vitest';
import { ConfigError, readConfig } from '../src/config.js';

test('nothing configured: everything has a value or is left to the local stack', () => {
  const config = readConfig({});
  expect(config.HEADRACE_GROUP).toBe('headrace-bridge');
  expect(config.KAFKA_BROKERS).toBeUndefined();
});

test('all problems are told at once, each with its variable', () => {
  const env = { DATABASE_URL: 'mysql://x', KAFKA_BROKERS: 'nowhere', SMTP_PORT: '99999' };
  expect(() => readConfig(env)).toThrow(ConfigError);
  for (const name of Object.keys(env)) expect(() => readConfig(env)).toThrow(name);
});

test('a SASL mechanism demands its credentials', () => {
  expect(() => readConfig({ KAFKA_SASL_MECHANISM: 'scram-sha-512' })).toThrow(
    /KAFKA_SASL_USERNAME[\s\S]*KAFKA_SASL_PASSWORD/,
  );
  expect(() => readConfig({ KAFKA_SASL_MECHANISM: 'oauthbearer' })).toThrow('KAFKA_SASL_TOKEN');
});

test('values that may be secret are never repeated', () => {
  const env = { DATABASE_URL: 'mysql://user:hunter2@db/x', KAFKA_SASL_MECHANISM: 'hunter3' };
  const told = (() => {
    try {
      readConfig(env);
      return '';
    } catch (error) {
      return String(error);
    }
  })();
  expect(told).not.toContain('hunter2');
});

test('an empty variable counts as absent', () => {
  expect(readConfig({ DATABASE_URL: '' }).DATABASE_URL).toBeUndefined();
});
