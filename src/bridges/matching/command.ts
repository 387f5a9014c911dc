/**
 * What a route asks of Temporal, as data: tests compare commands, lanes queue them, and the
 * Temporal shell is the only place that turns them into requests.
 */
import type { Event, Opening } from '../../workflows/index.js';

/** The event waits for the workflow this long, visibly; then it becomes a dead letter. */
export interface ParkFor {
  /** From 0 to 100 years. */
  readonly parkMs: number;
}

/** A command that starts, and a closed run of this id exists. */
export type WhenClosed = 'leave-closed' | 'start-again' | 'dead-letter';

/** A command for a running workflow only, and its run is closed. */
export type WhenOver = 'leave-closed' | 'dead-letter' | ParkFor;

/** A command for a running workflow only, and there never was one. */
export type WhenMissing = 'ignore' | 'dead-letter' | ParkFor;

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

interface Starting extends Addressed {
  readonly workflow: string;
  /** The workflow's one argument, without what belongs to its inbox. */
  readonly settings: object;
  readonly listing: Listing;
  readonly whenClosed: WhenClosed;
}

interface Reaching extends Addressed {
  readonly whenMissing: WhenMissing;
  readonly whenClosed: WhenOver;
}

/** Start a workflow with the event inside its argument; a run that exists is left alone. */
export interface StartCommand extends Starting {
  readonly kind: 'start';
}

/** Deliver the event to the inbox of a workflow, starting it where it does not run. */
export interface SignalWithStartCommand extends Starting {
  readonly kind: 'signalWithStart';
}

/** Deliver the event to the inbox of a workflow that should run. */
export interface SignalCommand extends Reaching {
  readonly kind: 'signal';
}

/** Ask a running workflow to do something with the event, and wait for its answer. */
export interface UpdateCommand extends Reaching {
  readonly kind: 'update';
  readonly update: string;
}

/** Ask a running workflow to end. */
export interface CancelCommand extends Reaching {
  readonly kind: 'cancel';
  readonly reason: string;
}

/** Run one durable activity for the event; no workflow. */
export interface RunCommand {
  readonly kind: 'run';
  readonly activity: string;
  /** What must stay in order: events of one key run one after the other. */
  readonly key: string;
  readonly event: Event;
  /** `list`: the activity takes what waits, of many keys, in one run. */
  readonly takes: 'one' | 'list';
  /** One attempt of the activity may last this long. */
  readonly startToCloseMs: number;
}

export type Command =
  | StartCommand
  | SignalWithStartCommand
  | SignalCommand
  | UpdateCommand
  | CancelCommand
  | RunCommand;

/** The queue that a command waits in. */
export function laneOf(command: Command): string {
  return command.kind === 'run' ? `run:${command.activity}:${command.key}` : command.workflowId;
}

/** True when it goes out in a list, with others of other lanes: one of each lane. */
export function isListed(command: Command): boolean {
  return command.kind === 'run' && command.takes === 'list';
}

/** The longest that the event of `command` may wait for its workflow, ms; absent: it may not. */
export function longestParkMs(command: Command): number | undefined {
  if (!('whenMissing' in command)) return undefined;
  const { whenMissing, whenClosed } = command;
  const times = [whenMissing, whenClosed].flatMap((choice) =>
    typeof choice === 'object' ? [choice.parkMs] : [],
  );
  return times.length === 0 ? undefined : Math.max(...times);
}

const longestMs = 100 * 365 * 24 * 60 * 60 * 1_000;

/** @throws RangeError where a time for which an event may wait is none. */
function checked(options: ReachOptions): ReachOptions {
  for (const choice of [options.whenMissing, options.whenClosed]) {
    const parkMs = typeof choice === 'object' ? choice.parkMs : 0;
    if (parkMs >= 0 && parkMs <= longestMs) continue;
    throw new RangeError(
      `routes: parkMs is ${String(parkMs)}: give milliseconds from 0 to ${String(longestMs)} (100 years)`,
    );
  }
  return options;
}

/** A workflow the bridge can start: its one argument opens an inbox. */
// The parameter is `never` so that every workflow function is assignable, whatever its argument.
type InboxWorkflow = (input: never) => Promise<unknown>;
type InputOf<W extends InboxWorkflow> = Parameters<W>[0] & Opening;
type EventOf<W extends InboxWorkflow> = NonNullable<InputOf<W>['first']>[number];
type SettingsOf<W extends InboxWorkflow> = Omit<Parameters<W>[0], keyof Opening>;

interface StartOptions {
  readonly listing: Listing;
  readonly whenClosed: WhenClosed;
}

interface ReachOptions {
  readonly whenMissing: WhenMissing;
  readonly whenClosed: WhenOver;
}

/** Starts `workflow` with the event inside its argument. */
export function start<W extends InboxWorkflow>(
  workflow: W,
  workflowId: string,
  event: EventOf<W>,
  settings: SettingsOf<W>,
  options: StartOptions,
): StartCommand {
  return { kind: 'start', workflow: workflow.name, workflowId, event, settings, ...options };
}

/** Delivers the event to the inbox of the run of `workflow`, starting it where there is none. */
export function signalWithStart<W extends InboxWorkflow>(
  workflow: W,
  workflowId: string,
  event: EventOf<W>,
  settings: SettingsOf<W>,
  options: StartOptions,
): SignalWithStartCommand {
  const { name } = workflow;
  return { kind: 'signalWithStart', workflow: name, workflowId, event, settings, ...options };
}

/** Delivers the event to the inbox of a run of `workflow`, where there is one. @throws RangeError */
export function signal<W extends InboxWorkflow>(
  _workflow: W,
  workflowId: string,
  event: EventOf<W>,
  options: ReachOptions,
): SignalCommand {
  return { kind: 'signal', workflowId, event, ...checked(options) };
}

/** Calls `definition` of a running workflow with the event; settled by its answer. @throws RangeError */
export function update<E extends Event>(
  definition: { readonly name: string; readonly '@@temporal-args'?: [E] },
  workflowId: string,
  event: E,
  options: ReachOptions,
): UpdateCommand {
  return { kind: 'update', update: definition.name, workflowId, event, ...checked(options) };
}

/** Requests the cancellation of a running workflow, because of the event. @throws RangeError */
export function cancel(
  workflowId: string,
  event: Event,
  reason: string,
  options: ReachOptions,
): CancelCommand {
  return { kind: 'cancel', workflowId, event, reason, ...checked(options) };
}

/** What an effect made of one event. */
export type EffectOutcome =
  | { readonly status: 'done' }
  /** Of the moment: the event is tried again. */
  | { readonly status: 'retry'; readonly reason: string }
  /** The event's own fault: it becomes a dead letter. */
  | { readonly status: 'reject'; readonly reason: string };

/** An activity that takes many events in one run and answers for each, in their order. */
export type ListEffect<E extends Event> = (
  events: readonly E[],
) => Promise<readonly EffectOutcome[]>;

/** An activity that takes one event; a failure that is not retried makes it a dead letter. */
export type SingleEffect<E extends Event> = (event: E) => Promise<unknown>;

interface EffectOptions {
  /** What must stay in order. */
  readonly key: string;
  /** One attempt may last this long; 30 s where it is not said. */
  readonly startToCloseMs?: number;
}

type NamesOf<Activities, Shape> = {
  [Name in keyof Activities]: Activities[Name] extends Shape ? Name : never;
}[keyof Activities] &
  string;

/**
 * Builders of run commands, typed by the worker's activities:
 * `effectsOf<typeof activities>().runList('invalidate', event, { key: event.data.sku })`.
 */
export function effectsOf<Activities>() {
  return {
    /** Many events in one run. */
    runList: <E extends Event>(
      activity: NamesOf<Activities, ListEffect<E>>,
      event: E,
      options: EffectOptions,
    ): RunCommand => runCommand(activity, 'list', event, options),
    /** One event a run. */
    run: <E extends Event>(
      activity: NamesOf<Activities, SingleEffect<E>>,
      event: E,
      options: EffectOptions,
    ): RunCommand => runCommand(activity, 'one', event, options),
  };
}

function runCommand(
  activity: string,
  takes: RunCommand['takes'],
  event: Event,
  { key, startToCloseMs = 30_000 }: EffectOptions,
): RunCommand {
  return { kind: 'run', activity, takes, event, key, startToCloseMs };
}
