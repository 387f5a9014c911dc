/** Shell: a kafkajs client from the configuration: TLS, SASL, and its log lines into ours. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Kafka, logLevel, type KafkaConfig, type SASLOptions } from 'kafkajs';
import type { Logger } from 'pino';
import { type Config, ConfigError } from '../../config.js';
import { registerCodecs } from './compression.js';
import { clientIdOf } from './member.js';

type KafkaSettings = Pick<
  Config,
  | 'KAFKA_TLS'
  | 'KAFKA_TLS_CA_FILE'
  | 'KAFKA_SASL_MECHANISM'
  | 'KAFKA_SASL_USERNAME'
  | 'KAFKA_SASL_PASSWORD'
  | 'KAFKA_SASL_TOKEN'
>;

/** First contact with a fresh broker; kafkajs retries it by itself. */
const harmless = /group coordinator is not available|This server does not host this topic/i;

/** @throws ConfigError when the CA file cannot be read. */
export function kafkaClient(
  settings: KafkaSettings,
  brokers: readonly string[],
  log: Logger,
): Kafka {
  registerCodecs();
  const sasl = saslOf(settings);
  const config: KafkaConfig = {
    // By it a bridge that starts here knows the one that was killed here.
    clientId: clientIdOf({ host: hostname(), pid: process.pid }),
    brokers: [...brokers],
    ssl: settings.KAFKA_TLS ? tlsOf(settings) : false,
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: 3_000,
    retry: { retries: 8, initialRetryTime: 200, maxRetryTime: 5_000 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, error } = entry.log as { message: string; error?: string };
      const level = harmless.test(`${message} ${error ?? ''}`) ? 'debug' : 'warn';
      log[level]({ part: 'kafkajs', error }, message);
    },
  };
  return new Kafka(config);
}

function tlsOf({ KAFKA_TLS_CA_FILE: file }: KafkaSettings): true | { ca: string[] } {
  if (file === undefined) return true;
  try {
    return { ca: [readFileSync(file, 'utf8')] };
  } catch (cause) {
    throw new ConfigError(
      `config: KAFKA_TLS_CA_FILE: cannot read ${JSON.stringify(file)}: check path and permissions`,
      { cause },
    );
  }
}

function saslOf(settings: KafkaSettings): SASLOptions | undefined {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_TOKEN: token } = settings;
  if (mechanism === undefined) return undefined;
  if (mechanism === 'oauthbearer') {
    return {
      mechanism,
      oauthBearerProvider: () => Promise.resolve({ value: token ?? '' }),
    };
  }
  const username = settings.KAFKA_SASL_USERNAME ?? '';
  const password = settings.KAFKA_SASL_PASSWORD ?? '';
  return { mechanism, username, password };
}
