/** A process told apart from a stranger that was given the same number later. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Mark {
  readonly pid: number;
  /** When the process began, in the words of its system; empty where that is not known. */
  readonly born: string;
}

/** The mark of a process that runs. */
export function markOf(pid: number): Mark {
  return { pid, born: bornAt(pid) };
}

/** True while the marked process itself runs. */
export function stillRuns({ pid, born }: Mark): boolean {
  return isAlive(pid) && (born === '' || bornAt(pid) === born);
}

/** One line, read back by `parseMark`. */
export function formatMark({ pid, born }: Mark): string {
  return `${String(pid)} ${born}`.trimEnd();
}

/** Undefined for what is no mark, for example a file that a crash left empty. */
export function parseMark(text: string): Mark | undefined {
  const [, pid, born = ''] = /^(\d+)(?: (.+))?$/.exec(text.trim()) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), born };
}

/** True when a process of that id runs, whoever it is. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function bornAt(pid: number): string {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    }
    // Behind the name, which may hold anything: field 22 counts ticks since this boot.
    const fields = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
      .split(') ')
      .at(-1)
      ?.split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${fields?.[19] ?? ''}@${boot}`;
  } catch {
    return '';
  }
}
