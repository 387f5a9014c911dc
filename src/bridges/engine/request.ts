/**
 * Group commit: the commands that wait together become one request.
 *
 * G1 Of one lane, deliveries to the inbox merge; a start, an update and a cancellation go alone.
 * G2 A delivery that may start the workflow takes those after it along, never those before it: an
 *    event that was meant only for a running workflow must not come to one that a later event starts.
 * G3 Runs of one activity that takes a list merge across lanes.
 */
import type { Event, InboxState, Skipped } from '../../workflows/index.js';
import type { Command, Listing, WhenClosed } from '../matching/command.js';

/** Start a workflow that gets `events` with its argument. */
export interface StartRequest {
  readonly kind: 'start';
  readonly workflowId: string;
  readonly workflow: string;
  readonly settings: object;
  readonly listing: Listing;
  readonly events: readonly Event[];
  readonly skipped: readonly Skipped[];
  /** Present: a closed run of the same id left this behind, and the new one goes on with it. */
  readonly inbox?: InboxState;
  /** False: a closed run of the id refuses the start. */
  readonly again: boolean;
}

/** Deliver `events` to the inbox of the run. */
export interface SignalRequest {
  readonly kind: 'signal';
  readonly workflowId: string;
  readonly events: readonly Event[];
  readonly skipped: readonly Skipped[];
}

export interface UpdateRequest {
  readonly kind: 'update';
  readonly workflowId: string;
  readonly update: string;
  readonly event: Event;
  readonly skipped: readonly Skipped[];
}

export interface CancelRequest {
  readonly kind: 'cancel';
  readonly workflowId: string;
  readonly reason: string;
  readonly event: Event;
}

export interface RunRequest {
  readonly kind: 'run';
  readonly activity: string;
  readonly takes: 'one' | 'list';
  readonly events: readonly Event[];
  readonly startToCloseMs: number;
  /** True: it was begun, and is asked how it stands. */
  readonly begun?: boolean;
}

/** One call of Temporal. */
export type Request = StartRequest | SignalRequest | UpdateRequest | CancelRequest | RunRequest;

/** Temporal warns from 512 KiB per payload on; half of that leaves room for the encoding. */
export interface RequestLimits {
  readonly events: number;
  readonly bytes: number;
}

/** Which commands compete for the same slots. */
export function groupOf(command: Command): string {
  if (command.kind === 'run') return `${command.takes}:${command.activity}`;
  // An update lasts as long as its workflow takes to answer.
  return command.kind === 'update' ? 'update' : 'quick';
}

/** How many of `commands`, the head of one lane, make one request together with `before`. */
export function requestSize(
  commands: readonly { readonly command: Command; readonly bytes: number }[],
  limits: RequestLimits,
  before = { events: 0, bytes: 0 },
): number {
  const first = commands[0]?.command;
  if (first === undefined) return 0;
  let { bytes } = before;
  let size = 0;
  for (const { command, bytes: more } of commands) {
    bytes += more;
    const events = before.events + size;
    if (events > 0 && (events >= limits.events || bytes > limits.bytes)) break;
    if (size > 0 && !joins(first, command)) break;
    size += 1;
  }
  return size;
}

function joins(first: Command, next: Command): boolean {
  switch (first.kind) {
    case 'signal':
      return next.kind === 'signal';
    case 'signalWithStart':
      if (next.kind === 'signal') return true;
      return (
        next.kind === 'signalWithStart' &&
        next.workflow === first.workflow &&
        next.whenClosed === first.whenClosed
      );
    case 'run':
      return first.takes === 'list' && next.kind === 'run' && next.activity === first.activity;
    default:
      return false;
  }
}

/** A delivery that starts the workflow where it does not run. */
export interface Introduction {
  readonly start: StartRequest;
  readonly signal: SignalRequest;
  readonly whenClosed: WhenClosed;
}

/** The delivery of `events` by a command that may start. */
export function introductionOf(
  command: Extract<Command, { kind: 'start' | 'signalWithStart' }>,
  events: readonly Event[],
  skipped: readonly Skipped[],
): Introduction {
  const { workflowId, workflow, settings, listing, whenClosed } = command;
  const about = { workflowId, workflow, settings, listing, events, skipped };
  return {
    start: { kind: 'start', ...about, again: false },
    signal: { kind: 'signal', workflowId, events, skipped },
    whenClosed,
  };
}
