/** Processes of a launcher that was killed: they end by themselves within seconds; make sure. */
import { writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Folders } from './folders.js';
import { formatMark, type Mark, markOf, parseMark, stillRuns } from './mark.js';

const usualPatienceMs = 6_000;
const suffix = '.pid';

/** Where the mark of a part's process is written from its first moment on. */
export function pidFile(folders: Folders, part: string): string {
  return join(folders.root, `${part}${suffix}`);
}

/** Writes the mark of a process that was just started; at once, because we may die the next moment. */
export function rememberProcess(file: string, pid: number): void {
  writeFileSync(file, formatMark(markOf(pid)));
}

/** Waits for the processes of a dead launcher to end, and kills those that do not. */
export async function endLeftovers(folders: Folders, patienceMs = usualPatienceMs): Promise<void> {
  const files = (await readdir(folders.root)).filter((name) => name.endsWith(suffix));
  const paths = files.map((name) => join(folders.root, name));
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  const marks = texts.map(parseMark).filter((mark): mark is Mark => mark !== undefined);
  const until = Date.now() + patienceMs;
  while (marks.some(stillRuns) && Date.now() < until) await sleep(50);
  for (const { pid } of marks.filter(stillRuns)) {
    try {
      // Each leads a process group of its own.
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It went in the meantime.
    }
  }
  await Promise.all(paths.map((path) => rm(path, { force: true })));
}
