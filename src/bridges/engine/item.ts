/** What travels through the engine: a command on its way, and whom its disposition concerns. */
import { type Command, laneOf } from '../matching/command.js';
import type { DeadLetter } from '../holding/dead-letters.js';
import type { Held } from '../holding/held.js';
import type { KafkaRecord } from '../matching/record.js';
import type { PartitionWindow } from './window.js';

/** A delivered record: settled when no route has anything left to do for it. */
export interface Passage {
  readonly kind: 'passage';
  readonly window: PartitionWindow;
  readonly record: KafkaRecord;
  readonly offset: bigint;
  readonly bytes: number;
  open: number;
}

/** A held record that is tried again: over when all of its decisions are. */
export interface Redo {
  readonly kind: 'redo';
  readonly held: Held;
  /** The claim under which it was found. */
  readonly token: string;
  open: number;
  /** It goes back to the store: it is not its turn yet, or its workflow is busy. */
  left?: 'behind' | 'busy';
  /** Why it stays held, if it does. */
  stays?: Aside;
  /** What was tried of it, and did not go through. */
  tried?: Item;
}

/** Why and how a record is set aside. */
export interface Aside {
  readonly state: 'dead' | 'waiting';
  readonly reason: string;
  readonly detail: string;
  readonly parkMs?: number;
  /** For a dead letter: whether its route parks. */
  readonly blocks?: boolean;
}

export interface Item {
  readonly of: Passage | Redo;
  readonly record: KafkaRecord;
  readonly route: string;
  readonly command: Command;
  readonly bytes: number;
  /** The route wants later events of the lane to wait behind a dead letter. */
  readonly park: boolean;
  /** How often it was to be tried again: its effect said so, or its workflow was busy. */
  attempts: number;
  /** When that was so first, milliseconds since the epoch. */
  firstFailedMs?: number;
}

/** What a dead letter tells of `item` besides its record, when it has failed once more. */
export function accountOf({
  command,
  attempts,
  firstFailedMs,
}: Item): Omit<DeadLetter, 'record' | 'route' | 'reason' | 'detail'> {
  return {
    lane: laneOf(command),
    attempts: attempts + 1,
    ...(command.kind === 'run' ? {} : { workflowId: command.workflowId }),
    ...(firstFailedMs === undefined ? {} : { firstFailedMs }),
  };
}
