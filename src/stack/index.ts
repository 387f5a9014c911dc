/**
 * The local stack: what is configured from outside is used, the rest is started natively.
 *
 * Kafka, Postgres, Temporal and the mail inbox start side by side, Connect once Kafka answers.
 */
import { join } from 'node:path';
import type { Addresses } from '../addresses.js';
import type { Config } from '../config.js';
import type { Child } from './child.js';
import { startConnect } from './connect.js';
import { StackError } from './error.js';
import { foldersOf, type Folders, isDiskFull, makeFolders } from './folders.js';
import { jarFolder, javaCommand } from './java.js';
import { startKafka } from './kafka.js';
import { acquireLock, lockFile } from './lock.js';
import { startMail } from './mail.js';
import { markOf } from './mark.js';
import { Plan } from './plan.js';
import { keptPorts, type Ports, refuseBusyPorts } from './ports.js';
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
  /** Stops the start-up where it is. */
  readonly signal?: AbortSignal;
  /** Told when a part ends that nobody stopped, in words. */
  readonly onLost?: (problem: string) => void;
}

/** A part that was started here. Mail runs inside the launcher and has no process. */
interface OwnPart {
  readonly pid?: number;
  /** Resolves when the part is gone, with its last words. */
  readonly gone?: Promise<string>;
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

const stopOrder: readonly PartName[] = ['connect', 'temporal', 'mail', 'kafka', 'postgres'];

/**
 * Brings the stack up.
 * @throws StackError with the part, the problem and what to do; nothing is left running then.
 * @throws the reason of `signal` when it aborts: parts that were still on their way end with this
 * process (P1 of the guard), which the caller has to end.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const folders = foldersOf(options.config);
  makeFolders(folders);
  const lock = await acquireLock(lockFile(folders));
  const launch = new Launch(options, folders);
  try {
    await unlessAborted(launch.up(), options.signal);
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
  readonly #plan: Plan;
  #ports: Ports | undefined;
  #ending = false;

  constructor(options: StackOptions, folders: Folders) {
    this.#options = options;
    this.#folders = folders;
    this.#plan = new Plan(options.config, options.env);
  }

  async up(): Promise<void> {
    await endLeftovers(this.#folders);
    await removeState(this.#folders);
    const file = join(this.#folders.root, 'ports.json');
    this.#ports = await keptPorts(file);
    await refuseBusyPorts(this.#ports, this.#plan.ports, file);
    const { progress } = this.#options;
    const kafka = this.#launch('kafka');
    const starting = [
      this.#launch('postgres'),
      kafka,
      this.#launch('temporal'),
      this.#launch('mail'),
      kafka.then(() => this.#launch('connect')),
    ];
    // All are waited for, so that nothing is still starting while a failure is cleaned up.
    const settled = await Promise.allSettled(starting);
    const [first, ...others] = new Set(
      settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : [])),
    );
    // Two things that are missing are told at once, not one at each start.
    for (const other of others) if (other instanceof StackError) progress(other.message);
    if (first !== undefined) throw first as Error;
    await this.#writeState();
  }

  async down(): Promise<void> {
    this.#ending = true;
    for (const name of stopOrder) {
      const part = this.#running.get(name);
      this.#running.delete(name);
      await part?.stop();
    }
  }

  asStack(stop: () => Promise<void>): Stack {
    const partOf = (name: PartName): OwnPart => {
      const part = this.#running.get(name);
      if (part === undefined) throw new Error(`stack: ${name} does not run here`);
      return part;
    };
    return {
      addresses: this.#plan.addresses(this.#ports),
      parts: this.#parts(),
      kill: (name) => {
        const part = partOf(name);
        this.#running.delete(name);
        return part.kill();
      },
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
    if (!this.#plan.own.has(name)) return;
    const { progress } = this.#options;
    const start = await this.#fetch(name);
    const part = await timed(progress, name, 'ready', start);
    if (this.#ending) {
      await part.stop();
      return;
    }
    this.#running.set(name, part);
    void part.gone?.then((words) => {
      if (this.#running.get(name) !== part) return;
      const problem = isDiskFull(this.#folders) ? 'no space left on device' : 'it ended by itself';
      const remedy = `Ctrl-C and start again; the data stays. Its last words:\n${words}`;
      this.#options.onLost?.(new StackError(name, problem, remedy).message);
    });
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
        const brokers = this.#plan.addresses(ports).kafkaBrokers;
        return (): Promise<Child> =>
          name === 'kafka'
            ? startKafka(folders, ports, place)
            : startConnect(folders, ports.connect, brokers, place);
      }
    }
  }

  #parts(): PartStatus[] {
    const pids = new Map([...this.#running].map(([name, { pid }]) => [name, pid]));
    return this.#plan.parts(this.#folders, this.#ports, pids);
  }

  #writeState(): Promise<void> {
    const addresses = this.#plan.addresses(this.#ports);
    const { pid: launcher, born } = markOf(process.pid);
    return writeState(this.#folders, { launcher, born, addresses, parts: this.#parts() });
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => undefined);
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
    work.then(resolve, reject);
  });
}
