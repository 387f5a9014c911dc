/**
 * A process of the stack that cannot outlive the launcher: it runs under a guard (P1).
 *
 * P2 Shell and child are a process group of their own, so that Ctrl-C reaches only the launcher and
 *    the stack is stopped in order.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError } from './error.js';
import { guarded, type StopSignal } from './guard.js';
import { rememberProcess } from './leftovers.js';

export interface ChildOptions {
  readonly part: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  /** Holds the mark of the process while it runs, for a launcher that comes after our crash. */
  readonly pidFile?: string;
  /** Run as this user; needs root. */
  readonly uid?: number;
  /** The signal that asks for an orderly end. */
  readonly stopSignal?: StopSignal;
  /** Resolves true once the part answers. */
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs: number;
}

export interface Child {
  readonly pid: number;
  /** Resolves when the process is gone, with its last words. */
  readonly gone: Promise<string>;
  /** SIGKILL to all of it; resolves when it is gone. */
  kill(): Promise<void>;
  /** The stop signal, then SIGKILL after ten seconds. */
  stop(): Promise<void>;
  /** SIGSTOP and SIGCONT: a part that hangs. */
  freeze(): void;
  thaw(): void;
}

/**
 * Starts a child and waits until it is ready.
 * @throws StackError with the last lines of its log when it ends before, or is not ready in time.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { part, command, args, uid, readyWithinMs, stopSignal = 'TERM', pidFile } = options;
  const log = openSync(options.logFile, 'a');
  const [shell, guard] = guarded(part, stopSignal, command, args);
  const child = spawn(shell, guard, {
    stdio: ['pipe', log, log],
    detached: true,
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) {
    throw new StackError(part, `cannot run ${command}`, 'see the log and the permissions');
  }
  if (pidFile !== undefined) rememberProcess(pidFile, pid);
  const gone = ended(child, options);
  const send = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-pid, signal);
    } catch {
      // The group is gone already.
    }
  };
  const kill = async (): Promise<void> => {
    send('SIGKILL');
    await gone;
  };
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const late = sleep(10_000, 'late', { ref: false });
    if ((await Promise.race([gone, late])) === 'late') await kill();
  };
  const until = Date.now() + readyWithinMs;
  while (!(await options.ready().catch(() => false))) {
    const over = child.exitCode !== null || child.signalCode !== null;
    if (!over && Date.now() < until) {
      await sleep(50);
      continue;
    }
    await kill();
    const problem = over ? 'ended before it was ready' : `not ready after ${readyWithinMs} ms`;
    const words = `${problem}. Its last words:\n${await gone}`;
    throw new StackError(part, words, `read ${options.logFile}`);
  }
  const freeze = (): void => {
    send('SIGSTOP');
  };
  const thaw = (): void => {
    send('SIGCONT');
  };
  return { pid, gone, kill, stop, freeze, thaw };
}

async function ended(
  child: ChildProcess,
  { logFile, pidFile }: Pick<ChildOptions, 'logFile' | 'pidFile'>,
): Promise<string> {
  await new Promise((resolve) => child.once('exit', resolve));
  // Lets the shell that waits for the pipe go as well.
  child.stdin?.destroy();
  if (pidFile !== undefined) await rm(pidFile, { force: true });
  return lastLines(logFile);
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .trimEnd()
    .split('\n')
    .slice(-8)
    .map((line) => `    ${line.slice(0, 300)}`)
    .join('\n');
}
