/**
 * What a workflow is told besides its events: which events it is passed over by, and which of those
 * that it was told of before will never come. See H6 in `held-index.ts`.
 */
import { type Skipped, skippedOf } from '../../workflows/index.js';
import { type Command, laneOf } from '../matching/command.js';
import type { HeldNote } from '../holding/held.js';
import type { HeldRecords } from '../holding/held-records.js';
import type { Item } from './item.js';

/** With one request. */
export interface Announcement {
  readonly skipped: readonly Skipped[];
  /** The request went through: it is known now. */
  readonly made: () => void;
}

/** What is told with `command`; what was found `over` first, so that there is room for the others. */
export function announcementFor(
  command: Command,
  over: readonly HeldNote[],
  held: HeldRecords,
): Announcement {
  const lane = laneOf(command);
  const fresh = hasInbox(command) ? held.memory.toAnnounce(lane, mayStart(command)) : [];
  const gone = over.flatMap(({ event }) =>
    // One hole stands for all places of a fact.
    event === undefined || held.memory.isPassedOver(lane, event)
      ? []
      : [{ ...skippedOf(event), over: true as const }],
  );
  return {
    skipped: [...gone, ...fresh],
    made: () => {
      held.memory.announced(lane, fresh);
      void held.told(over);
    },
  };
}

/** What was discarded, where the workflow of `command` is to be told of more. */
export async function overFor(command: Command, held: HeldRecords): Promise<readonly HeldNote[]> {
  if (!hasInbox(command)) return [];
  const lane = laneOf(command);
  const isMore = held.memory.toAnnounce(lane, mayStart(command)).length > 0;
  return isMore ? held.discarded(lane) : [];
}

/** The command of `item` as it is sent: a start that passes too many comes out of order (H6). */
export function placed({ of, record, command }: Item, held: HeldRecords): Command {
  if (of.kind === 'redo' || !mayStart(command)) return command;
  if (!held.memory.isPassingMany(record, command.workflowId)) return command;
  return { ...command, event: { ...command.event, late: 'held' } };
}

/** True when a workflow that does not run is started by it. */
export function mayStart(command: Command): command is StartingCommand {
  return command.kind === 'start' || command.kind === 'signalWithStart';
}

type StartingCommand = Extract<Command, { kind: 'start' | 'signalWithStart' }>;

/** True when what it carries passes an inbox. */
function hasInbox({ kind }: Command): boolean {
  return kind !== 'run' && kind !== 'cancel';
}
