/**
 * The request executor: takes the commands that make one request to their conclusion, through as
 * many calls and attempts as that needs. It knows nothing of offsets.
 *
 * C1 A command that may start goes first to where its workflow most likely is: a workflow not known
 *    to run is started with the events in its argument (one call, and the start can be eager);
 *    where it turns out to exist, they are signalled.
 * C2 A closed run is started again only with what its inbox had seen, so that a repetition is
 *    recognised across runs. What turns out to run is not started, and no delivery ends with that.
 * C3 A call without an answer is repeated with the same request, for as long as anyone wants it.
 *    What one workflow refuses for the moment is not waited for here: the lane waits, not the call.
 * C4 Of a closed run that ends an event in a dead letter, or lets it wait, is asked whether it had
 *    that event: what was applied, and comes again after a crash, is neither.
 * C5 What goes on by itself is asked now and then how it stands, as the run that it is: those that a
 *    list runs stay together until it is over. In between it keeps no place in flight.
 */
import type { Event, InboxState, Skipped } from '../../workflows/index.js';
import { type Command, laneOf } from '../matching/command.js';
import { hasNews, Hindsight, moved } from './hindsight.js';
import { backoffMs } from './limiter.js';
import { type Introduction, introductionOf, type Request, type StartRequest } from './request.js';
import type { Retry, Verdict } from './verdict.js';

/** What a closed or running workflow says of itself. */
export type Recollection =
  | { readonly kind: 'running' }
  | { readonly kind: 'missing' }
  /** `inbox` is absent where the workflow has none. */
  | { readonly kind: 'closed'; readonly inbox: InboxState | undefined };

/** Verdicts on a question that brought no answer. */
export type Unanswered = 'retry' | 'reject' | 'halt';

/** What the newest run of a workflow says of its inbox; absent where it has none. */
export type Seen =
  { readonly kind: 'seen'; readonly inbox: InboxState | undefined } | { readonly kind: 'missing' };

/** Temporal, one call at a time. Never throws for an answer of the server. */
export interface TemporalPort {
  dispatch(request: Request): Promise<Verdict>;
  /** What the newest run of `workflowId`, running or closed, has seen. A worker must answer. */
  inboxOf(workflowId: string): Promise<Seen | Extract<Verdict, { kind: Unanswered }>>;
  /** What the newest run of `workflowId` is, and what its inbox had seen if it is closed. */
  recall(workflowId: string): Promise<Recollection | Extract<Verdict, { kind: Unanswered }>>;
}

export interface RequestExecutorPorts extends Pick<TemporalPort, 'dispatch'> {
  /**
   * As of `TemporalPort`, because of `command`, which keeps no place in flight meanwhile: it may take
   * its turn. Undefined: by then it was not `wanted`.
   */
  recall(
    workflowId: string,
    wanted: () => boolean,
    command: Command,
  ): Promise<Awaited<ReturnType<TemporalPort['recall']>> | undefined>;
  sleep(ms: number): Promise<void>;
  /** Sleeps without the place in flight that `command` has. */
  rest(command: Command, ms: number): Promise<void>;
  random(): number;
  now(): number;
  /** A call was answered. */
  answered(request: Request, latencyMs: number): void;
  /** A call is repeated; `attempt` counts from 1. */
  retrying(lane: string, retry: Retry, attempt: number): void;
}

/** What became of a request that is not wanted any more. */
export interface GivenUp {
  readonly kind: 'given-up';
}

/** Its workflow has ended. */
export interface Closed {
  readonly kind: 'closed';
  /** Of the commands, in their order: whether the run had their events. Absent: it was not asked. */
  readonly had?: readonly boolean[];
}

/** What became of a request: the verdict on it, or that the events had been applied before. */
export type Conclusion =
  | Exclude<Verdict, Retry | { readonly kind: 'closed' }>
  | Closed
  | { readonly kind: 'applied-before' }
  | GivenUp;

/** Its workflow cannot take it now. */
export type Busy = Retry & { readonly scope: 'lane' };

/** What one request is about. */
interface Errand {
  readonly commands: readonly [Command, ...Command[]];
  readonly events: readonly Event[];
  readonly skipped: readonly Skipped[];
  readonly wanted: () => boolean;
  /** It goes on since an earlier attempt. */
  readonly begun: boolean;
}

/** Workflows remembered as running: forgetting one costs a call, not correctness. */
const remembered = 20_000;

export class RequestExecutor {
  readonly #ports: RequestExecutorPorts;
  readonly #running = new Set<string>();
  readonly #hindsight: Hindsight;

  constructor(ports: RequestExecutorPorts) {
    this.#ports = ports;
    this.#hindsight = new Hindsight(ports);
  }

  /** Concludes `commands`, which `requestSize` found to belong together. */
  async execute(
    commands: readonly [Command, ...Command[]],
    skipped: readonly Skipped[],
    wanted: () => boolean,
  ): Promise<Conclusion | Busy> {
    const [command] = commands;
    const events = commands.map(({ event }) => event);
    let begun = false;
    for (let attempt = 1; wanted(); attempt += 1) {
      const errand = { commands, events, skipped, wanted, begun };
      const verdict = await this.#conclude(errand, await this.#attempt(errand));
      if (verdict.kind !== 'retry') return verdict;
      begun = verdict.begun === true;
      if (!begun && isBusy(verdict)) return verdict;
      this.#ports.retrying(laneOf(command), verdict, attempt);
      const waitMs = backoffMs(attempt - 1, this.#ports.random());
      await (begun ? this.#ports.rest(command, waitMs) : this.#ports.sleep(waitMs));
    }
    return { kind: 'given-up' };
  }

  async #attempt(errand: Errand): Promise<Conclusion | Retry> {
    const { commands, events, skipped, begun } = errand;
    const [command] = commands;
    switch (command.kind) {
      case 'start':
        return this.#start(introductionOf(command, events, skipped), errand);
      case 'signalWithStart':
        return this.#introduce(introductionOf(command, events, skipped), errand);
      case 'signal':
        return this.#call({ kind: 'signal', workflowId: command.workflowId, events, skipped });
      case 'update': {
        const { workflowId, update, event } = command;
        return this.#call({ kind: 'update', workflowId, update, event, skipped });
      }
      case 'cancel': {
        const { workflowId, reason, event } = command;
        return this.#call({ kind: 'cancel', workflowId, reason, event });
      }
      case 'run': {
        const { activity, takes, startToCloseMs } = command;
        return this.#call({ kind: 'run', activity, takes, startToCloseMs, events, begun });
      }
    }
  }

  /** C1 */
  async #introduce(introduction: Introduction, errand: Errand) {
    const { start, signal, whenClosed } = introduction;
    const { workflowId } = start;
    if (!this.#running.has(workflowId)) {
      const started = await this.#call(start);
      if (started.kind === 'done') this.#remember(workflowId);
      if (started.kind !== 'exists') return started;
    }
    const signalled = await this.#call(signal);
    if (signalled.kind === 'done') {
      this.#remember(workflowId);
      return signalled;
    }
    if (signalled.kind === 'missing' && this.#running.delete(workflowId)) {
      // Its closed run is past the retention: there is nothing to remember of it.
      return unlessThere(await this.#call(start));
    }
    if (signalled.kind === 'missing') return moved;
    this.#running.delete(workflowId);
    if (signalled.kind !== 'closed' || whenClosed !== 'start-again') return signalled;
    return unlessThere(await this.#startAgain(start, errand));
  }

  async #start({ start, whenClosed }: Introduction, errand: Errand) {
    const started = await this.#call(start);
    if (started.kind !== 'exists' || whenClosed === 'leave-closed') return started;
    return this.#startAgain(start, errand, whenClosed === 'dead-letter');
  }

  /** C2 */
  async #startAgain(start: StartRequest, { commands, wanted }: Errand, refuse = false) {
    const [command] = commands;
    const recalled = await this.#ports.recall(start.workflowId, wanted, command);
    if (recalled === undefined) return { kind: 'given-up' } as const;
    switch (recalled.kind) {
      case 'running':
        return { kind: 'exists' } as const;
      case 'missing':
        return this.#call(start);
      case 'closed': {
        const { inbox } = recalled;
        if (inbox !== undefined && !hasNews(inbox, start.events))
          return { kind: 'applied-before' } as const;
        if (refuse) return { kind: 'closed', had: [] } as const;
        const with_ = inbox === undefined ? {} : { inbox };
        const restarted = await this.#call({ ...start, ...with_, again: true });
        if (restarted.kind === 'done') this.#remember(start.workflowId);
        return unlessThere(restarted);
      }
      default:
        return recalled;
    }
  }

  /** C4 */
  async #conclude({ commands, wanted }: Errand, verdict: Conclusion | Retry) {
    const [command] = commands;
    if (verdict.kind !== 'closed') this.#hindsight.forget(laneOf(command));
    if (verdict.kind !== 'closed' || verdict.had !== undefined) return verdict;
    return this.#hindsight.closed(commands, wanted);
  }

  async #call(request: Request): Promise<Verdict> {
    const sent = this.#ports.now();
    const verdict = await this.#ports.dispatch(request);
    if (verdict.kind !== 'retry') this.#ports.answered(request, this.#ports.now() - sent);
    return verdict;
  }

  #remember(workflowId: string): void {
    this.#running.add(workflowId);
    if (this.#running.size <= remembered) return;
    for (const oldest of this.#running) {
      this.#running.delete(oldest);
      return;
    }
  }
}

function isBusy(retry: Retry): retry is Busy {
  return retry.scope === 'lane';
}

/** A run is there, and the events are not with it yet. */
function unlessThere<Answer extends { readonly kind: string }>(answer: Answer) {
  return answer.kind === 'exists' ? moved : answer;
}
