/**
 * What a route asks of Temporal, as data: tests compare commands, lanes queue them, and the
 * Temporal shell is the only place that turns them into requests.
 */
import type { Event, Opening } from '../workflows/index.js';

/** A closed run of this id exists: leave it (the event is settled as ignored) or start a new one. */
export type WhenClosed = 'leave-closed' | 'start-again';

/** No run of this id exists: settle the event as ignored, or dead-letter it. */
export type WhenMissing = 'ignore' | 'dead-letter';

/** How a run is found and read in Temporal's UI. */
export interface Listing {
  /** Search attribute (keyword) to value. */
  readonly attributes: Readonly<Record<string, string>>;
  /** One line of plain words. */
  readonly summary: string;
}

interface Addressed {
  /** The lane: commands of one workflow id go out one request at a time, in order. */
  readonly workflowId: string;
  readonly event: Event;
}

/** Start a workflow with its one argument; the event itself is in that argument. */
export interface StartCommand extends Addressed {
  readonly kind: 'start';
  readonly workflow: string;
  readonly args: readonly [unknown];
  readonly listing: Listing;
  readonly whenClosed: WhenClosed;
}

/** Deliver the event to the inbox of a workflow that should exist. */
export interface SignalCommand extends Addressed {
  readonly kind: 'signal';
  readonly whenMissing: WhenMissing;
}

/** Deliver the event to the inbox of a workflow, starting it where it does not run. */
export interface SignalWithStartCommand extends Addressed {
  readonly kind: 'signalWithStart';
  readonly workflow: string;
  readonly args: readonly [unknown];
  readonly listing: Listing;
  readonly whenClosed: WhenClosed;
}

export type Command = StartCommand | SignalCommand | SignalWithStartCommand;

/** A workflow the bridge can start: its one argument opens an inbox. */
// The parameter is `never` so that every workflow function is assignable, whatever its argument.
type InboxWorkflow = (input: never) => Promise<unknown>;
type InputOf<W extends InboxWorkflow> = Parameters<W>[0] & Opening;
type EventOf<W extends InboxWorkflow> = NonNullable<InputOf<W>['first']>[number];
type SettingsOf<W extends InboxWorkflow> = Omit<Parameters<W>[0], keyof Opening>;

/** Starts `workflow` with the event inside its argument. */
export function start<W extends InboxWorkflow>(
  workflow: W,
  workflowId: string,
  event: EventOf<W>,
  settings: SettingsOf<W>,
  options: { readonly listing: Listing; readonly whenClosed: WhenClosed },
): StartCommand {
  const args = [{ ...settings, first: [event] }] as const;
  return { kind: 'start', workflow: workflow.name, workflowId, event, args, ...options };
}

/** Delivers the event to the inbox of a run of `workflow`, where there is one. */
export function signal<W extends InboxWorkflow>(
  _workflow: W,
  workflowId: string,
  event: EventOf<W>,
  options: { readonly whenMissing: WhenMissing },
): SignalCommand {
  return { kind: 'signal', workflowId, event, ...options };
}

/** Delivers the event to the inbox of the run of `workflow`, starting it where there is none. */
export function signalWithStart<W extends InboxWorkflow>(
  workflow: W,
  workflowId: string,
  event: EventOf<W>,
  settings: SettingsOf<W>,
  options: { readonly listing: Listing; readonly whenClosed: WhenClosed },
): SignalWithStartCommand {
  const args = [settings] as const;
  return { kind: 'signalWithStart', workflow: workflow.name, workflowId, event, args, ...options };
}
