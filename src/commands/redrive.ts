/** `headrace dead-letters redrive`: dead letters are tried again, by the bridge that has them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Pool } from 'pg';
import {
  behindThem,
  groupsOf,
  progressOf,
  redrive,
  type RedriveProgress,
} from '../bridges/holding/held-admin.js';
import type { Selection } from '../bridges/holding/held-selection.js';
import { withHeldDatabase } from './held-database.js';
import { groupOf, nothingIn } from './held-group.js';
import { parseCount, type SelectionOptions, selectionOf, withSelection } from './held-options.js';
import { groupTable, progressLine } from './held-tables.js';

const pollMs = 500;
/** Without progress for so long, the reason is probably that no bridge is there. */
const quietMs = 15_000;
const someDeadAgain = 3;
const usage = 2;

interface Options extends SelectionOptions {
  readonly all: boolean;
  readonly limit?: number;
  readonly yes: boolean;
  readonly wait: boolean;
}

/** The command. Exit code 0: all went through, 3: some are dead again. */
export function redriveCommand(): Command {
  return withSelection(
    new Command('redrive').description(
      'try dead letters again, in order and once each; without --yes it only shows which',
    ),
  )
    .option('--all', 'all of them', false)
    .option('--limit <count>', 'at most this many, the lowest offsets first', parseCount)
    .option('--yes', 'do it', false)
    .option('--no-wait', 'do not wait until the bridge has worked them off')
    .addHelpText(
      'after',
      `
The command marks the records; the bridge that has their partitions processes them in order and
without repetition, like all others. If it is interrupted, run it again: marks stay.
Exit codes: 0 done, 3 some are dead again, 1 failed, 2 bad configuration or usage.`,
    )
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const chosen = selectionOf(options);
  requireChoice(chosen, options.all, command);
  await withHeldDatabase(async (pool, config) => {
    const selection = { ...chosen, group: groupOf(options, config) };
    const found = await plan(pool, selection, options.limit);
    if (!options.yes) {
      if (found > 0) print('Nothing was changed. With --yes they are redriven.');
      return;
    }
    if (found === 0) return;
    const { limit } = options;
    const { id, marked } = await redrive(pool, selection, {
      ...(limit === undefined ? {} : { limit }),
      progress: (count) => process.stderr.write(`${String(count)} marked\n`),
    });
    if (!options.wait) {
      print(`${String(marked)} marked; the bridge goes on with them.`);
      return;
    }
    const outcome = await follow(pool, id);
    print(`Done: ${progressLine(outcome)}.`);
    if (outcome.deadAgain > 0) {
      print('Why: `headrace dead-letters list --records`, then `show` with one of them.');
      process.exitCode = someDeadAgain;
    }
  });
}

/** Refuses to mean everything by mistake. */
export function requireChoice(selection: Selection, all: boolean, command: Command): void {
  if (all || Object.keys(selection).length > 0) return;
  command.error('error: say which: give a filter, or --all', { exitCode: usage });
}

/** Tells what would be redriven, and how many. */
async function plan(
  pool: Pool,
  selection: Selection & { readonly group: string },
  limit: number | undefined,
): Promise<number> {
  const groups = await groupsOf(pool, selection, ['dead']);
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const under = await groupsOf(pool, selection, ['redriving']);
  const already = under.reduce((sum, group) => sum + group.count, 0);
  if (already > 0) print(`${String(already)} of them are on their way already.`);
  if (count === 0) {
    print(`No dead letter fits. ${await nothingIn(pool, selection.group)}`);
    return 0;
  }
  print(groupTable(groups, Date.now(), process.stdout.isTTY));
  const behind = await behindThem(pool, selection, ['dead']);
  const most = limit === undefined || limit >= count ? '' : `, of which ${String(limit)} are taken`;
  const rest = behind === 0 ? '' : `; ${String(behind)} wait behind them and follow`;
  print(`${String(count)} to redrive${most}${rest}.`);
  return count;
}

/** Tells each change until the bridge has worked off what was marked. */
async function follow(pool: Pool, id: string): Promise<RedriveProgress> {
  let last = '';
  let changedAt = Date.now();
  for (;;) {
    const progress = await progressOf(pool, id);
    if (progress.open === 0) return progress;
    const line = progressLine(progress);
    if (line !== last) {
      process.stderr.write(`${line}\n`);
      last = line;
      changedAt = Date.now();
    } else if (Date.now() - changedAt > quietMs) {
      process.stderr.write(
        `nothing moved for ${String(quietMs / 1_000)} s: does a bridge run, and does it answer?` +
          ' Ctrl-C ends the watching, not the redrive\n',
      );
      changedAt = Date.now();
    }
    await sleep(pollMs);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
