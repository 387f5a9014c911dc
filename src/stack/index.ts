/**
 * The local stack: what is configured from outside is used, the rest is started natively.
 *
 * Kafka, Postgres, Temporal and the mail inbox start side by side, Connect once Kafka answers.
 */
import { join } from 'node:path';
import type { Addresses } from '../addresses.js';
import type { Config } from '../config.js';
import { configuredTemporal } from '../temporal-connection.js';
import type { Child } from './child.js';
import { startConnect } from './connect.js';
import { foldersOf, type Folders, makeFolders } from './folders.js';
import { jarFolder, javaCommand } from './java.js';
import { startKafka } from './kafka.js';
import { acquireLock } from './lock.js';
import { startMail } from './mail.js';
import { keptPorts, type PortName, type Ports, refuseBusyPorts } from './ports.js';
import { startPostgres } from './postgres.js';
import { type Progress, timed } from './progress.js';
import { endLeftovers } from './leftovers.js';
import { type PartName, type PartStatus, removeState, writeState } from './state.js';
import { startTemporal, temporalCommand } from './temporal.js';

export type { PartName, PartStatus } from './state.js';

export interface StackOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly progress: Progress;
}

/** A part that was started here. Mail runs inside the launcher and has no process. */
interface OwnPart {
  readonly pid?: number;
  kill(): Promise<void>;
  stop(): Promise<void>;
  freeze?(): void;
  thaw?(): void;
}

export interface Stack {
  readonly addresses: Addresses;
  readonly parts: readonly PartStatus[];
  /** SIGKILL. Resolves when the part is gone. */
  kill(name: PartName): Promise<void>;
  /** Starts a killed or stopped part again: same ports, same data. */
  restart(name: PartName): Promise<void>;
  freeze(name: PartName): void;
  thaw(name: PartName): void;
  stop(): Promise<void>;
}

const portsOf: Readonly<Record<PartName, readonly PortName[]>> = {
  postgres: ['postgres'],
  kafka: ['kafka', 'kafkaController'],
  connect: ['connect'],
  temporal: ['temporal', 'temporalUi', 'temporalHttp', 'temporalMetrics'],
  mail: ['smtp', 'mail'],
};

const stopOrder: readonly PartName[] = ['connect', 'temporal', 'mail', 'kafka', 'postgres'];

/**
 * Brings the stack up.
 * @throws StackError with the part, the problem and what to do; nothing is left running then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const folders = foldersOf(options.config);
  makeFolders(folders);
  const lock = await acquireLock(join(folders.root, 'lock'));
  const launch = new Launch(options, folders);
  try {
    await launch.up();
  } catch (error) {
    await launch.down();
    await lock.release();
    throw error;
  }
  const stop = async (): Promise<void> => {
    await launch.down();
    await removeState(folders);
    await lock.release();
  };
  return launch.asStack(stop);
}

class Launch {
  readonly #options: StackOptions;
  readonly #folders: Folders;
  readonly #running = new Map<PartName, OwnPart>();
  readonly #own: ReadonlySet<PartName>;
  #ports: Ports | undefined;

  constructor(options: StackOptions, folders: Folders) {
    this.#options = options;
    this.#folders = folders;
    this.#own = ownParts(options);
  }

  async up(): Promise<void> {
    await endLeftovers(this.#folders);
    const file = join(this.#folders.root, 'ports.json');
    this.#ports = await keptPorts(file);
    const needed = [...this.#own].flatMap((name) => portsOf[name]);
    await refuseBusyPorts(this.#ports, needed, file);
    const kafka = this.#launch('kafka');
    const starting = [
      this.#launch('postgres'),
      kafka,
      this.#launch('temporal'),
      this.#launch('mail'),
      kafka.then(() => this.#launch('connect')),
    ];
    // All are waited for, so that nothing is still starting while a failure is cleaned up.
    const failed = (await Promise.allSettled(starting)).find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await this.#writeState();
  }

  async down(): Promise<void> {
    for (const name of stopOrder) {
      await this.#running.get(name)?.stop();
      this.#running.delete(name);
    }
  }

  asStack(stop: () => Promise<void>): Stack {
    const partOf = (name: PartName): OwnPart => {
      const part = this.#running.get(name);
      if (part === undefined) throw new Error(`stack: ${name} was not started here`);
      return part;
    };
    return {
      addresses: this.#addresses(),
      parts: this.#parts(),
      kill: (name) => partOf(name).kill(),
      restart: async (name) => {
        await this.#launch(name);
        await this.#writeState();
      },
      freeze: (name) => partOf(name).freeze?.(),
      thaw: (name) => partOf(name).thaw?.(),
      stop,
    };
  }

  async #launch(name: PartName): Promise<void> {
    if (!this.#own.has(name)) return;
    const { progress } = this.#options;
    const start = await this.#fetch(name);
    const part = await timed(progress, name, 'ready', start);
    this.#running.set(name, part);
  }

  /** Has what the part needs fetched, and yields how to start it. */
  async #fetch(name: PartName): Promise<() => Promise<OwnPart>> {
    const { progress } = this.#options;
    const folders = this.#folders;
    const ports = this.#ports ?? (await keptPorts(join(folders.root, 'ports.json')));
    const { cache } = folders;
    switch (name) {
      case 'postgres':
        return async () => (await startPostgres(folders, ports.postgres)).child;
      case 'temporal': {
        const command = await timed(progress, name, 'found', () => temporalCommand(cache));
        return () => startTemporal(folders, ports, command);
      }
      case 'mail':
        return async () => {
          const mail = await startMail(folders, ports);
          return { stop: () => mail.stop(), kill: () => mail.stop() };
        };
      case 'kafka':
      case 'connect': {
        const jars = await timed(progress, name, 'found', () => jarFolder(cache));
        const place = { java: await javaCommand(cache), jars };
        const brokers = this.#addresses().kafkaBrokers;
        return (): Promise<Child> =>
          name === 'kafka'
            ? startKafka(folders, ports, place)
            : startConnect(folders, ports.connect, brokers, place);
      }
    }
  }

  #addresses(): Addresses {
    const { config, env } = this.#options;
    const outside = configuredTemporal(env);
    const local = (name: PortName): string => `127.0.0.1:${String(this.#ports?.[name] ?? 0)}`;
    const own = (part: PartName): boolean => this.#own.has(part);
    return {
      kafkaBrokers: config.KAFKA_BROKERS ?? [local('kafka')],
      connectUrl: config.CONNECT_URL ?? `http://${local('connect')}`,
      databaseUrl: config.DATABASE_URL ?? `postgres://postgres@${local('postgres')}/ecommerce`,
      temporalAddress: own('temporal') ? local('temporal') : (outside.address ?? ''),
      temporalNamespace: outside.namespace ?? 'default',
      ...(own('temporal') ? { temporalUiUrl: `http://${local('temporalUi')}` } : {}),
      smtpHost: config.SMTP_HOST ?? '127.0.0.1',
      smtpPort: own('mail') ? (this.#ports?.smtp ?? 0) : config.SMTP_PORT,
      ...(own('mail') ? { mailUrl: `http://${local('mail')}` } : {}),
    };
  }

  #parts(): PartStatus[] {
    const addresses = this.#addresses();
    const shown: Readonly<Record<PartName, string>> = {
      postgres: withoutSecret(addresses.databaseUrl),
      kafka: addresses.kafkaBrokers.join(','),
      connect: addresses.connectUrl,
      temporal: addresses.temporalAddress,
      mail: `${addresses.smtpHost}:${String(addresses.smtpPort)}`,
    };
    return (Object.keys(shown) as PartName[]).map((name): PartStatus => {
      const own = this.#own.has(name);
      const pid = this.#running.get(name)?.pid;
      const log = own && name !== 'mail' ? join(this.#folders.logs, `${name}.log`) : undefined;
      return {
        name,
        own,
        address: shown[name],
        ...(pid === undefined ? {} : { pid }),
        ...(log === undefined ? {} : { log }),
      };
    });
  }

  #writeState(): Promise<void> {
    const addresses = this.#addresses();
    return writeState(this.#folders, { launcher: process.pid, addresses, parts: this.#parts() });
  }
}

function ownParts({ config, env }: StackOptions): ReadonlySet<PartName> {
  const outside: Readonly<Record<PartName, unknown>> = {
    postgres: config.DATABASE_URL,
    kafka: config.KAFKA_BROKERS,
    connect: config.CONNECT_URL,
    temporal: configuredTemporal(env).address,
    mail: config.SMTP_HOST,
  };
  const names = Object.keys(outside) as PartName[];
  return new Set(names.filter((name) => outside[name] === undefined));
}

function withoutSecret(url: string): string {
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = 'hidden';
  return parsed.href;
}
