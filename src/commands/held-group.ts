/** Whose held records a command means: those of one consumer group. */
import type { Command } from 'commander';
import type { Pool } from 'pg';
import { holdingGroups } from '../bridges/holding/held-summary.js';
import type { Config } from '../config.js';
import { oneLine } from './printable.js';

/** The option that `withGroup` adds, as commander hands it over. */
export interface GroupOptions {
  readonly group?: string;
}

/** Adds the option that names another group than this environment's. */
export function withGroup(command: Command): Command {
  return command.option('--group <name>', 'consumer group; default: HEADRACE_GROUP');
}

/** The group that is meant. */
export function groupOf({ group }: GroupOptions, config: Pick<Config, 'HEADRACE_GROUP'>): string {
  return group ?? config.HEADRACE_GROUP;
}

/** Where nothing was found in `group`: its name, and which others hold something. */
export async function nothingIn(pool: Pool, group: string): Promise<string> {
  const others = (await holdingGroups(pool)).filter((one) => one.group !== group);
  const own = `This is of the group ${oneLine(group)}.`;
  if (others.length === 0) return own;
  const list = others.map((one) => `${oneLine(one.group)} (${String(one.count)})`).join(', ');
  return `${own} Others hold something: ${list}; see --group.`;
}
