/** Where the running system answers: as configured, else the local stack that `start` left word of. */
import type { Addresses } from '../addresses.js';
import { type Config, ConfigError } from '../config.js';
import { foldersOf } from '../stack/folders.js';
import { runningState } from '../stack/state.js';
import { configuredTemporal } from '../temporal-connection.js';

/**
 * The addresses to use: what the environment says, the rest from the local stack that runs.
 * @throws ConfigError naming what is set nowhere.
 */
export async function addressesInUse(config: Config, env: NodeJS.ProcessEnv): Promise<Addresses> {
  const local = (await runningState(foldersOf(config)))?.addresses;
  const temporal = configuredTemporal(env);
  const found = {
    ...local,
    ...defined({
      kafkaBrokers: config.KAFKA_BROKERS,
      connectUrl: config.CONNECT_URL,
      databaseUrl: config.DATABASE_URL,
      temporalAddress: temporal.address,
      temporalNamespace: temporal.namespace ?? (local === undefined ? 'default' : undefined),
    }),
    // Host and port of a mail server belong together.
    ...(config.SMTP_HOST === undefined
      ? {}
      : { smtpHost: config.SMTP_HOST, smtpPort: config.SMTP_PORT }),
  };
  // What only the local stack needs has a neutral value where everything is elsewhere.
  const whole = { connectUrl: '', smtpHost: 'localhost', smtpPort: config.SMTP_PORT, ...found };
  const { kafkaBrokers, databaseUrl, temporalAddress, temporalNamespace } = whole;
  if (
    kafkaBrokers === undefined ||
    databaseUrl === undefined ||
    temporalAddress === undefined ||
    temporalNamespace === undefined
  ) {
    throw new ConfigError(
      `connection: nothing runs: \`npm start\` first, or set ${missing(whole).join(', ')}`,
    );
  }
  return { ...whole, kafkaBrokers, databaseUrl, temporalAddress, temporalNamespace };
}

/**
 * The database alone: as configured, else that of the local stack that runs.
 * @throws ConfigError when there is neither.
 */
export async function databaseInUse(config: Config): Promise<string> {
  const local = (await runningState(foldersOf(config)))?.addresses;
  const url = config.DATABASE_URL ?? local?.databaseUrl;
  if (url !== undefined) return url;
  throw new ConfigError('connection: nothing runs: `npm start` first, or set DATABASE_URL');
}

function missing(found: Partial<Addresses>): string[] {
  const variables = {
    KAFKA_BROKERS: found.kafkaBrokers,
    DATABASE_URL: found.databaseUrl,
    TEMPORAL_ADDRESS: found.temporalAddress,
  };
  return Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [name] : []));
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
