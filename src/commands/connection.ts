/** Where the running system answers: as configured, else the local stack that `start` left word of. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Addresses } from '../addresses.js';
import { type Config, ConfigError } from '../config.js';
import { configuredTemporal } from '../temporal-connection.js';

const hostAndPort = z.string().regex(/^\S+:\d+$/);

/** The part of the stack's `state.json` that other processes may rely on. */
const state = z.object({
  addresses: z.object({
    kafkaBrokers: z.array(hostAndPort).min(1),
    connectUrl: z.string(),
    databaseUrl: z.string(),
    temporalAddress: hostAndPort,
    temporalNamespace: z.string(),
    temporalUiUrl: z.string().exactOptional(),
    smtpHost: z.string(),
    smtpPort: z.number(),
    mailUrl: z.string().exactOptional(),
  }),
});

/**
 * The addresses to use: what the environment says, the rest from the local stack that runs.
 * @throws ConfigError naming what is set nowhere.
 */
export async function addressesInUse(config: Config, env: NodeJS.ProcessEnv): Promise<Addresses> {
  const local = await localAddresses(config.HEADRACE_DATA);
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
 * The addresses of the local stack, if one has been started here.
 * @throws ConfigError when its state cannot be understood.
 */
export async function localAddresses(dataDirectory: string): Promise<Addresses | undefined> {
  const file = join(dataDirectory, 'state.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return state.parse(JSON.parse(text)).addresses;
  } catch (error) {
    const cause = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not JSON';
    throw new ConfigError(`connection: ${file} is not the state of a stack: ${cause}`);
  }
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
