/** Ports chosen once, at random among the free ones, and kept: addresses survive restarts. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { StackError } from './error.js';

export const portNames = [
  'postgres',
  'kafka',
  'kafkaController',
  'connect',
  'temporal',
  'temporalUi',
  'temporalHttp',
  'temporalMetrics',
  'smtp',
  'mail',
] as const;

export type PortName = (typeof portNames)[number];
export type Ports = Readonly<Record<PortName, number>>;

/** The ports in `file`; chosen and written where there are none yet. */
export async function keptPorts(file: string): Promise<Ports> {
  const kept = parsed(await readFile(file, 'utf8').catch(() => ''));
  if (isComplete(kept)) return kept;
  const chosen = await freePorts(portNames.length);
  const ports = Object.fromEntries(portNames.map((name, index) => [name, chosen[index]]));
  await writeFile(`${file}.new`, JSON.stringify(ports, undefined, 2));
  await rename(`${file}.new`, file);
  return ports as Ports;
}

/** @throws StackError when something listens on one of `names` already. */
export async function refuseBusyPorts(
  ports: Ports,
  names: readonly PortName[],
  file: string,
): Promise<void> {
  for (const name of names) {
    if (await isFree(ports[name])) continue;
    const problem = `port ${String(ports[name])} (${name}) is taken by another process`;
    throw new StackError('stack', problem, `end that process, or delete ${file} to choose anew`);
  }
}

/** True when nothing listens on `port` of this machine's loopback address. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  // All are held at once, so that no port is handed out twice.
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isComplete(value: unknown): value is Ports {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Readonly<Record<string, unknown>>;
  return portNames.every((name) => typeof record[name] === 'number');
}
