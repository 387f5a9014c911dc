/**
 * What a closed run is asked: whether it had the events that its route does not let go of because it
 * is closed. An event that was applied, and comes again after a crash before its commit, is no dead
 * letter and waits for nothing.
 */
import { type Event, identityOf, type InboxState, Marks } from '../../workflows/index.js';
import { type Command, laneOf } from '../matching/command.js';
import type { Closed, GivenUp, RequestExecutorPorts, Unanswered } from './request-executor.js';
import type { Retry, Verdict } from './verdict.js';

/** Workflows of which it is remembered that they were asked: forgetting one costs a question. */
const remembered = 20_000;

/** Somebody else started it between our question and our start: ask anew. */
export const moved: Retry = {
  kind: 'retry',
  scope: 'lane',
  cause: 'the workflow was started by another hand',
  code: 'moved',
};

export class Hindsight {
  readonly #ports: Pick<RequestExecutorPorts, 'recall'>;
  /** By workflow: the event that waits for its next run, of which the closed one knew nothing. */
  readonly #unknown = new Map<string, string>();

  constructor(ports: Pick<RequestExecutorPorts, 'recall'>) {
    this.#ports = ports;
  }

  /** Workflow `workflowId` may have got something since. */
  forget(workflowId: string): void {
    this.#unknown.delete(workflowId);
  }

  /** The run that `commands` were meant for is closed: what that means for each of them. */
  async closed(
    commands: readonly [Command, ...Command[]],
    wanted: () => boolean,
  ): Promise<Closed | GivenUp | Extract<Verdict, { kind: Unanswered }>> {
    const [command] = commands;
    const workflowId = laneOf(command);
    // What waits is looked at every few seconds, and a closed run learns nothing more.
    const waiting = commands.every(waits) ? placeOf(command.event) : undefined;
    const isUnknown = waiting !== undefined && this.#unknown.get(workflowId) === waiting;
    if (isUnknown || !commands.some(insists)) return { kind: 'closed' };
    const recalled = await this.#ports.recall(workflowId, wanted, command);
    if (recalled === undefined) return { kind: 'given-up' };
    switch (recalled.kind) {
      case 'running':
        return moved;
      case 'missing':
        return { kind: 'closed' };
      case 'closed': {
        const { inbox } = recalled;
        const had = commands.map((one) => inbox !== undefined && hadBy(inbox, one));
        if (waiting !== undefined && !had.includes(true)) this.#note(workflowId, waiting);
        return { kind: 'closed', had };
      }
      default:
        return recalled;
    }
  }

  #note(workflowId: string, place: string): void {
    this.#unknown.set(workflowId, place);
    if (this.#unknown.size <= remembered) return;
    for (const oldest of this.#unknown.keys()) {
      this.#unknown.delete(oldest);
      return;
    }
  }
}

/** True when the inbox that was left behind would accept any of `events`. */
export function hasNews(inbox: InboxState, events: readonly Event[]): boolean {
  const marks = new Marks(inbox);
  return events.some((event) => marks.accepts(event));
}

/** True when a closed run ends `command` with more than a word: in a dead letter, or a wait. */
function insists(command: Command): boolean {
  // No inbox knows of a cancellation, or of an effect.
  if (command.kind === 'run' || command.kind === 'cancel') return false;
  return command.whenClosed === 'dead-letter' || waits(command);
}

function waits(command: Command): boolean {
  return 'whenClosed' in command && typeof command.whenClosed === 'object';
}

/** True when the closed run whose inbox is `inbox` had the event of `command`. */
function hadBy(inbox: InboxState, command: Command): boolean {
  if (command.kind !== 'update') return !hasNews(inbox, [command.event]);
  // An update that was refused has passed the inbox too: only its answer tells that it was done.
  const identity = identityOf(command.event);
  return inbox.answers.some(({ id, refusal }) => id === identity && refusal === undefined);
}

function placeOf({ id, position }: Event): string {
  return `${position.source} ${position.at} ${id}`;
}
