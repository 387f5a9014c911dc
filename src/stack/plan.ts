/** Which parts are started here and which are used from outside, and where each of them answers. */
import { join } from 'node:path';
import type { Addresses } from '../addresses.js';
import type { Config } from '../config.js';
import { configuredTemporal } from '../temporal-connection.js';
import type { Folders } from './folders.js';
import type { PortName, Ports } from './ports.js';
import { shownUrl } from './shown-url.js';
import { type PartName, partNames, type PartStatus } from './state.js';

const portsOf: Readonly<Record<PartName, readonly PortName[]>> = {
  postgres: ['postgres'],
  kafka: ['kafka', 'kafkaController'],
  connect: ['connect'],
  temporal: ['temporal', 'temporalUi', 'temporalHttp', 'temporalMetrics'],
  mail: ['smtp', 'mail'],
};

export class Plan {
  /** The parts that are not configured from outside. */
  readonly own: ReadonlySet<PartName>;
  readonly #config: Config;
  readonly #outside: ReturnType<typeof configuredTemporal>;

  constructor(config: Config, env: NodeJS.ProcessEnv) {
    this.#config = config;
    this.#outside = configuredTemporal(env);
    const configured: Readonly<Record<PartName, unknown>> = {
      postgres: config.DATABASE_URL,
      kafka: config.KAFKA_BROKERS,
      connect: config.CONNECT_URL,
      temporal: this.#outside.address,
      mail: config.SMTP_HOST,
    };
    this.own = new Set(partNames.filter((name) => configured[name] === undefined));
  }

  /** The ports that must be free. */
  get ports(): readonly PortName[] {
    return [...this.own].flatMap((name) => portsOf[name]);
  }

  addresses(ports: Ports | undefined): Addresses {
    const config = this.#config;
    const local = (name: PortName): string => `127.0.0.1:${String(ports?.[name] ?? 0)}`;
    const own = (part: PartName): boolean => this.own.has(part);
    return {
      kafkaBrokers: config.KAFKA_BROKERS ?? [local('kafka')],
      connectUrl: config.CONNECT_URL ?? `http://${local('connect')}`,
      databaseUrl: config.DATABASE_URL ?? `postgres://postgres@${local('postgres')}/ecommerce`,
      temporalAddress: own('temporal') ? local('temporal') : (this.#outside.address ?? ''),
      temporalNamespace: this.#outside.namespace ?? 'default',
      ...(own('temporal') ? { temporalUiUrl: `http://${local('temporalUi')}` } : {}),
      smtpHost: config.SMTP_HOST ?? '127.0.0.1',
      smtpPort: own('mail') ? (ports?.smtp ?? 0) : config.SMTP_PORT,
      ...(own('mail') ? { mailUrl: `http://${local('mail')}` } : {}),
    };
  }

  /** What is shown of each part; passwords are not. */
  parts(
    folders: Folders,
    ports: Ports | undefined,
    pids: ReadonlyMap<PartName, number | undefined>,
  ): PartStatus[] {
    const addresses = this.addresses(ports);
    const shown: Readonly<Record<PartName, string>> = {
      postgres: shownUrl(addresses.databaseUrl),
      kafka: addresses.kafkaBrokers.join(','),
      connect: shownUrl(addresses.connectUrl),
      temporal: addresses.temporalAddress,
      mail: `${addresses.smtpHost}:${String(addresses.smtpPort)}`,
    };
    return partNames.map((name): PartStatus => {
      const own = this.own.has(name);
      const pid = pids.get(name);
      const log = own && name !== 'mail' ? join(folders.logs, `${name}.log`) : undefined;
      return {
        name,
        own,
        address: shown[name],
        ...(pid === undefined ? {} : { pid }),
        ...(log === undefined ? {} : { log }),
      };
    });
  }
}
