import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { kafkaRefusal } from '../../../src/bridges/intake/kafka-refusal.js';

// Their types leave most of them out.
const errors = kafkajs as unknown as Record<string, new (...of: unknown[]) => Error>;
const make = (name: string, ...of: unknown[]): Error => {
  const kind = errors[name];
  if (kind === undefined) throw new Error(`kafkajs has no ${name}`);
  return new kind(...of);
};
const sasl = (message: string): Error => make('KafkaJSSASLAuthenticationError', message);
const protocol = (type: string): Error =>
  make('KafkaJSProtocolError', Object.assign(new Error(`it says ${type}`), { type, code: 1 }));
const wrapped = (error: Error): Error =>
  make(
    'KafkaJSNumberOfRetriesExceeded',
    make('KafkaJSNonRetriableError', error, { cause: error }),
    {},
  );

test.each([
  'SASL PLAIN authentication failed: Authentication failed: Invalid username or password',
  'SASL SCRAM SHA512 authentication failed: SASL Authentication failed',
  'SASL SCRAM-SHA-256 mechanism is not supported by the server',
  'SASL OAUTHBEARER authentication failed: {"status":"invalid_token"}',
])('credentials that the broker refuses: %s', (message) => {
  const error = sasl(message);
  expect(kafkaRefusal(error)).toContain(message);
  expect(kafkaRefusal(error)).toMatch(/^kafka: .*check KAFKA_SASL_MECHANISM/);
  expect(kafkaRefusal(wrapped(error))).toContain(message);
});

test.each([
  'SASL PLAIN authentication failed: Closed connection',
  'SASL PLAIN authentication failed: Connection error: read ECONNRESET',
  'SASL SCRAM SHA256 authentication failed: Request SaslAuthenticate(key: 36, version: 1) timed out',
  'SASL PLAIN authentication failed: Connection closed by the server',
])('a connection lost while it authenticates is of the moment: %s', (message) => {
  expect(kafkaRefusal(sasl(message))).toBeUndefined();
});

test.each([
  ['TOPIC_AUTHORIZATION_FAILED', /READ and DESCRIBE/],
  ['GROUP_AUTHORIZATION_FAILED', /HEADRACE_GROUP/],
  ['CLUSTER_AUTHORIZATION_FAILED', /cluster/],
  ['SASL_AUTHENTICATION_FAILED', /KAFKA_SASL_PASSWORD/],
])('%s says what to allow', (type, remedy) => {
  expect(kafkaRefusal(protocol(type))).toMatch(remedy);
  expect(kafkaRefusal(wrapped(protocol(type)))).toMatch(remedy);
});

test('whatever else goes wrong is none', () => {
  const about = { broker: '127.0.0.1:1', code: 'ECONNREFUSED' };
  const refused = make('KafkaJSConnectionError', 'Connection error: connect ECONNREFUSED', about);
  for (const error of [refused, wrapped(refused), protocol('NOT_COORDINATOR_FOR_GROUP')]) {
    expect(kafkaRefusal(error)).toBeUndefined();
  }
  expect(kafkaRefusal('no error')).toBeUndefined();
});
