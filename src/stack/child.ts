/**
 * A process of the stack that cannot outlive the launcher.
 *
 * P1 The child runs under a shell that holds the reading end of a pipe from us. When we die, however
 *    we die, the pipe closes and the shell ends the child.
 * P2 Shell and child are a process group of their own, so that Ctrl-C reaches only the launcher and
 *    the stack is stopped in order.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StackError } from './error.js';

export interface ChildOptions {
  readonly part: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard output and error are appended to it. */
  readonly logFile: string;
  /** Run as this user; needs root. */
  readonly uid?: number;
  /** The signal that asks for an orderly end. */
  readonly stopSignal?: 'TERM' | 'INT';
  /** Resolves true once the part answers. */
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs: number;
}

export interface Child {
  readonly pid: number;
  /** SIGKILL to all of it; resolves when it is gone. */
  kill(): Promise<void>;
  /** The stop signal, then SIGKILL after ten seconds. */
  stop(): Promise<void>;
  /** SIGSTOP and SIGCONT: a part that hangs. */
  freeze(): void;
  thaw(): void;
}

/** Runs "$@" as a child, after the signal that stops it; ends it when standard input closes (P1). */
const guard = `
signal=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ while read -r _ <&3; do :; done; kill -$signal $child; sleep 3; kill -KILL $child; } >/dev/null 2>&1 &
exec 3<&- 0</dev/null
trap 'kill -$signal $child' TERM
wait $child
code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
exit $code
`;

/**
 * Starts a child and waits until it is ready.
 * @throws StackError with the last lines of its log when it ends before, or is not ready in time.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { part, command, args, uid, readyWithinMs, stopSignal = 'TERM' } = options;
  const log = openSync(options.logFile, 'a');
  const child = spawn('/bin/sh', ['-c', guard, part, stopSignal, command, ...args], {
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
  const gone = ended(child);
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
    const last = await lastLines(options.logFile);
    throw new StackError(part, `${problem}. Its last words:\n${last}`, `read ${options.logFile}`);
  }
  const freeze = (): void => {
    send('SIGSTOP');
  };
  const thaw = (): void => {
    send('SIGCONT');
  };
  return { pid, kill, stop, freeze, thaw };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => {
      // Lets the shell that waits for the pipe go as well.
      child.stdin?.destroy();
      resolve();
    });
  });
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
