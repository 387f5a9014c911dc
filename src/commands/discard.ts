/** `headrace dead-letters discard`: what will never be tried again. */
import { Command, Option } from 'commander';
import { behindThem, discard, groupsOf } from '../bridges/holding/held-admin.js';
import type { HeldState } from '../bridges/holding/held.js';
import { withHeldDatabase } from './held-database.js';
import { groupOf, nothingIn } from './held-group.js';
import { parseCount, type SelectionOptions, selectionOf, withSelection } from './held-options.js';
import { groupTable } from './held-tables.js';
import { requireChoice } from './redrive.js';

interface Options extends SelectionOptions {
  readonly all: boolean;
  readonly limit?: number;
  readonly state: HeldState;
  readonly why?: string;
  readonly yes: boolean;
}

/** The command. The record stays in the dead-letter topic; its row says who gave which reason. */
export function discardCommand(): Command {
  const states = ['dead', 'waiting', 'behind', 'redriving'] satisfies HeldState[];
  return withSelection(
    new Command('discard').description(
      'give dead letters up for good; without --yes it only shows which',
    ),
  )
    .option('--all', 'all of them', false)
    .addOption(new Option('--state <state>', 'which state').choices(states).default('dead'))
    .option('--limit <count>', 'at most this many, the lowest offsets first', parseCount)
    .option('--why <text>', 'the reason, kept with the record; required with --yes')
    .option('--yes', 'do it', false)
    .addHelpText('after', '\nRecords that wait behind them continue.')
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const chosen = selectionOf(options);
  const { all, state, limit, why = '', yes } = options;
  requireChoice(chosen, all, command);
  if (yes && why.trim() === '') {
    command.error('error: --yes needs --why: the reason is kept with the record', {
      exitCode: 2,
    });
  }
  await withHeldDatabase(async (pool, config) => {
    const group = groupOf(options, config);
    const selection = { ...chosen, group };
    const groups = await groupsOf(pool, selection, [state]);
    if (groups.length === 0) {
      print(`Nothing that is ${state} fits. ${await nothingIn(pool, group)}`);
      return;
    }
    print(groupTable(groups, Date.now(), process.stdout.isTTY));
    const behind = await behindThem(pool, selection, [state]);
    if (behind > 0) print(`${String(behind)} wait behind them and go on.`);
    if (!yes) {
      print('Nothing was changed. With --yes and --why they are discarded.');
      return;
    }
    const most = limit === undefined ? {} : { limit };
    const count = await discard(pool, selection, [state], why, most);
    print(`${String(count)} discarded.`);
  });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
