/** `headrace dead-letters`: what is held, why, and what to do about it. */
import { Command } from 'commander';
import { groupsOf, storiesAt, storiesOf } from '../bridges/holding/held-admin.js';
import type { HeldState } from '../bridges/holding/held.js';
import type { RecordPlace } from '../bridges/holding/held-selection.js';
import { discardCommand } from './discard.js';
import { withHeldDatabase } from './held-database.js';
import { type GroupOptions, groupOf, nothingIn, withGroup } from './held-group.js';
import {
  parseCount,
  parsePlace,
  type SelectionOptions,
  selectionOf,
  withSelection,
} from './held-options.js';
import { groupTable, recordTable, storyJson, storyText, waitingTable } from './held-tables.js';
import { redriveCommand } from './redrive.js';

const everyState: readonly HeldState[] = ['dead', 'redriving', 'waiting', 'behind'];

interface ListOptions extends SelectionOptions {
  readonly records: boolean;
  readonly limit: number;
  readonly json: boolean;
}

interface ShowOptions extends GroupOptions {
  readonly json: boolean;
  readonly raw: boolean;
}

/** The command with its subcommands. */
export function deadLettersCommand(): Command {
  return new Command('dead-letters')
    .description('show records that were set aside, and redrive or discard them')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(waitingCommand())
    .addCommand(redriveCommand())
    .addCommand(discardCommand());
}

function listCommand(): Command {
  return withSelection(new Command('list').description('what is held, by state, reason and route'))
    .option('--records', 'each record by itself, without its content', false)
    .option('--limit <count>', 'with --records: at most this many', parseCount, 50)
    .option('--json', 'print JSON', false)
    .action(async (options: ListOptions) => {
      await withHeldDatabase(async (pool, config) => {
        const group = groupOf(options, config);
        const selection = { ...selectionOf(options), group };
        if (options.records) {
          const found = await storiesOf(pool, selection, everyState, options.limit);
          print(options.json ? json(found.map(storyJson)) : recordTable(found, colors()));
          return;
        }
        const groups = await groupsOf(pool, selection, everyState);
        if (options.json) print(json(groups));
        else if (groups.length === 0) print(`Nothing is held. ${await nothingIn(pool, group)}`);
        else print(groupTable(groups, Date.now(), colors()));
      });
    });
}

function showCommand(): Command {
  return withGroup(new Command('show'))
    .description('everything about one record, its content included')
    .argument('<record>', '<topic>/<partition>/<offset>', parsePlace)
    .option('--json', 'print JSON; bytes in base64', false)
    .option('--raw', 'print the bytes of the value and nothing else', false)
    .action(async (place: RecordPlace, options: ShowOptions, command: Command) => {
      const { stories, nothing } = await withHeldDatabase(async (pool, config) => {
        const group = groupOf(options, config);
        const found = await storiesAt(pool, place, group);
        return { stories: found, nothing: found.length > 0 ? '' : await nothingIn(pool, group) };
      });
      const [first] = stories;
      const { topic, partition, offset } = place;
      if (first === undefined) {
        const at = `${topic}/${String(partition)}/${offset}`;
        command.error(`error: nothing is, or was, held of ${at}. ${nothing}`);
      }
      const value = (bytes: Buffer | null) => bytes?.toString('base64') ?? null;
      if (options.raw) process.stdout.write(first.record.value ?? '');
      else if (options.json) {
        print(
          json(stories.map((story) => ({ ...storyJson(story), value: value(story.record.value) }))),
        );
      } else print(stories.map(storyText).join('\n\n'));
    });
}

function waitingCommand(): Command {
  return withSelection(
    new Command('waiting').description(
      'events that wait for a workflow to run, the next deadline first',
    ),
  )
    .option('--limit <count>', 'at most this many', parseCount, 50)
    .option('--json', 'print JSON', false)
    .action(async (options: ListOptions) => {
      await withHeldDatabase(async (pool, config) => {
        const group = groupOf(options, config);
        const selection = { ...selectionOf(options), group };
        const found = await storiesOf(pool, selection, ['waiting'], options.limit);
        if (options.json) print(json(found.map(storyJson)));
        else if (found.length === 0) {
          print(`Nothing waits for a workflow. ${await nothingIn(pool, group)}`);
        } else print(waitingTable(found, Date.now(), colors()));
      });
    });
}

function colors(): boolean {
  return process.stdout.isTTY;
}

function json(content: unknown): string {
  return JSON.stringify(content, undefined, 2);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
