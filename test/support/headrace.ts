/** Headrace as users run it: the built command, in processes that can be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Addresses } from '../../src/addresses.js';

const command = fileURLToPath(new URL('../../bin/headrace.js', import.meta.url));
const logs = fileURLToPath(new URL('../../.headrace-test/logs', import.meta.url));

/** The environment in which every part of the stack is used from outside. */
export function environmentOf(
  addresses: Addresses,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HEADRACE_DATA: '.headrace-test/outside',
    DATABASE_URL: addresses.databaseUrl,
    KAFKA_BROKERS: addresses.kafkaBrokers.join(','),
    CONNECT_URL: addresses.connectUrl,
    TEMPORAL_ADDRESS: addresses.temporalAddress,
    SMTP_HOST: addresses.smtpHost,
    SMTP_PORT: String(addresses.smtpPort),
    ...more,
  };
}

export interface Headrace {
  readonly pid: number;
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Starts `headrace …args`; its output goes to the logs of the test stack. */
export async function headrace(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Headrace> {
  await mkdir(logs, { recursive: true });
  const child = spawn(process.execPath, [command, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(`${logs}/headrace-${args[0] ?? ''}.log`, { flags: 'a' });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const over = ended(child);
  return {
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill('SIGKILL');
      await over;
    },
    stop: () => {
      child.kill('SIGTERM');
      return over;
    },
  };
}

/** What a command said, and how it ended. */
export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** A command that hangs is ended after so long, ms: its exit code is null then. */
const hangsMs = 90_000;

/** Runs `headrace …args` to its end, whatever that is. */
export async function headraceSays(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Said> {
  const child = spawn(process.execPath, [command, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: hangsMs,
    killSignal: 'SIGKILL',
  });
  const [out, error]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => error.push(chunk));
  const code = await ended(child);
  return { code, out: Buffer.concat(out).toString(), error: Buffer.concat(error).toString() };
}

/** Runs `headrace …args` to its end. @throws Error with its output when the exit code is not 0. */
export async function runHeadrace(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const { code, out, error } = await headraceSays(args, env);
  if (code !== 0) {
    throw new Error(`headrace ${args.join(' ')} ended with ${String(code)}: ${out}${error}`);
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Not at its exit: what it wrote may still be on its way.
    child.once('close', resolve);
  });
}
