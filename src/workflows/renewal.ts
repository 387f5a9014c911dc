/**
 * When a run should hand over to a fresh one.
 *
 * The server refuses the 10,000th signal of a run and ends a run at 51,200 events of history. Every
 * signal is an event of the history, so one measure bounds both. A continue-as-new into which a
 * signal comes is refused and tried again after it; from then on the server keeps new signals
 * waiting until the attempt is over, so it succeeds under any storm.
 */
import { allHandlersFinished, workflowInfo } from '@temporalio/workflow';

/** Half of where Temporal begins to suggest it: replays stay quick, and no server need suggest. */
const longHistory = 2_000;
/** The server takes 2 MB of argument; a character is at most three bytes, and authors carry state too. */
const carriedCharsMax = 500_000;

/** True when the history is long enough to continue as new at the next quiet moment. */
export function isLongRun(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= longHistory;
}

/** True when handing over now would cut nothing off: no handler is at work. */
export function isRenewable(): boolean {
  return isLongRun() && allHandlersFinished();
}

/** True when `waiting` events are few enough to be carried over. */
export function isCarriable(waiting: readonly unknown[]): boolean {
  return waiting.length === 0 || JSON.stringify(waiting).length <= carriedCharsMax;
}
