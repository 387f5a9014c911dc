/** A process of Headrace's under a supervisor: whatever ends it, it is started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** An end that nobody asked for. */
export interface OwnEnd {
  readonly role: string;
  readonly at: number;
  /** It had said that it runs. */
  readonly wasReady: boolean;
  readonly code: number | null;
  readonly lastWords: string;
}

/** As a supervisor does it, so that what cannot start does not spin. */
const restartMs = 500;

export class Supervised {
  readonly #role: string;
  readonly #command: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #log: WriteStream;
  readonly ownEnds: OwnEnd[] = [];
  #child: ChildProcess | undefined;
  #isReady = false;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(
    role: string,
    of: {
      /** A file for Node, and its arguments. */
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly logFile: string;
    },
  ) {
    this.#role = role;
    this.#command = of.command;
    this.#env = of.env;
    this.#log = createWriteStream(of.logFile, { flags: 'a' });
    this.#log.on('error', () => undefined);
  }

  get isUp(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    const stdio = ['pipe', 'pipe', 'pipe'] as const;
    const child = spawn(process.execPath, this.#command, { env: this.#env, stdio: [...stdio] });
    this.#child = child;
    this.#isReady = false;
    let words = '';
    const hear = (chunk: Buffer): void => {
      words = (words + chunk.toString()).slice(-2_000);
      this.#log.write(chunk);
    };
    child.stderr.on('data', hear);
    child.stdout.on('data', (chunk: Buffer) => {
      hear(chunk);
      if (this.#child === child) this.#isReady ||= chunk.includes('ready');
    });
    this.#ended = once(child, 'close').then(async ([code]) => {
      if (this.#child !== child) return;
      const [wasReady, role] = [this.#isReady, this.#role];
      this.ownEnds.push({
        ...{ role, wasReady, at: Date.now(), code: code as number | null },
        lastWords: words,
      });
      await sleep(restartMs);
      // It may have been told to stay down meanwhile.
      if (this.#child === child) this.start();
    });
  }

  /** SIGKILL; it stays down until it is started. */
  async kill(): Promise<void> {
    const [child, ended] = [this.#child, this.#ended];
    this.#child = undefined;
    child?.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    this.#log.end();
  }
}
