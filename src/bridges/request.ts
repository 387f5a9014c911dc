/**
 * Group commit: the commands of one lane that wait together become one request to Temporal.
 *
 * A start goes alone (there is no bulk start). Signals merge with signals. A signal-with-start
 * takes the deliveries that follow it along, but never those before it: an event that was meant
 * only for a running workflow must not be delivered to one that a later event starts.
 */
import type { Event } from '../workflows/index.js';
import type { Command, Listing, WhenClosed } from './command.js';

export interface StartRequest {
  readonly kind: 'start';
  readonly workflowId: string;
  readonly workflow: string;
  readonly args: readonly [unknown];
  readonly listing: Listing;
  readonly whenClosed: WhenClosed;
  readonly events: readonly Event[];
}

export interface SignalRequest {
  readonly kind: 'signal';
  readonly workflowId: string;
  readonly events: readonly Event[];
}

export interface SignalWithStartRequest extends Omit<StartRequest, 'kind'> {
  readonly kind: 'signalWithStart';
}

export type Request = StartRequest | SignalRequest | SignalWithStartRequest;

/** Temporal warns from 512 KiB per payload on; half of that leaves room for the encoding. */
export interface RequestLimits {
  readonly events: number;
  readonly bytes: number;
}

/** How many of `commands`, all of one workflow id, make one request: at least 1. */
export function requestSize(
  commands: readonly { readonly command: Command; readonly bytes: number }[],
  limits: RequestLimits,
): number {
  const first = commands[0]?.command;
  if (first === undefined || first.kind === 'start') return 1;
  let bytes = 0;
  let size = 0;
  for (const { command, bytes: more } of commands) {
    bytes += more;
    if (size > 0 && (size >= limits.events || bytes > limits.bytes || !joins(first, command)))
      break;
    size += 1;
  }
  return Math.max(1, size);
}

function joins(first: Command, next: Command): boolean {
  if (next.kind === 'signal') return true;
  return (
    next.kind === 'signalWithStart' &&
    first.kind === 'signalWithStart' &&
    next.workflow === first.workflow &&
    next.whenClosed === first.whenClosed
  );
}

/** The one request that carries `commands`, which `requestSize` found to belong together. */
export function requestOf(commands: readonly [Command, ...Command[]]): Request {
  const [first] = commands;
  const events = commands.map(({ event }) => event);
  if (first.kind === 'signal') return { kind: 'signal', workflowId: first.workflowId, events };
  const { kind, workflowId, workflow, args, listing, whenClosed } = first;
  return { kind, workflowId, workflow, args, listing, whenClosed, events };
}
