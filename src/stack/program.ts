/** Programs of this machine: whether they are there, and running one to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { guarded } from './guard.js';

const run = promisify(execFile);

export interface ProgramOptions {
  readonly cwd?: string;
  /** In place of our own environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  /** Run as this user; needs root. */
  readonly uid?: number;
}

/** What a program printed on standard output. @throws Error with its standard error otherwise. */
export async function outputOf(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { stdout } = await run(command, [...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    timeout: options.timeoutMs ?? 600_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** As `outputOf`, for what takes long: it ends when we die (P1 of the guard). */
export function guardedOutputOf(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  return outputOf(...guarded(command, 'TERM', command, args), options);
}

/** True when `command` can be run with `args`. */
export async function isThere(command: string, ...args: readonly string[]): Promise<boolean> {
  return outputOf(command, args, { timeoutMs: 20_000 }).then(
    () => true,
    () => false,
  );
}

/** The last line of a failed program's complaint. */
export function complaintOf(error: unknown): string {
  const stderr =
    typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr) : '';
  const stdout =
    typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : '';
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => /error|fail|could not|cannot/i.test(line));
  return (telling[0] ?? lines.at(-1) ?? String(error)).trim().slice(0, 400);
}
