/**
 * When a run should hand over to a fresh one, long before the server would end it: it refuses the
 * 10,000th signal of a run, and ends a run at 51,200 events of history.
 *
 * What counts is how long a replay takes, because signals that come meanwhile make the next one
 * longer: the server gives up a workflow task after 100 of them, and the task begins anew. A replay
 * takes 0.7 ms per signal on a quiet machine (measured; nearly all of it is the stack trace that the
 * SDK takes for each promise), and a few senders in turn bring up to 700 signals in a second. So 200
 * signals are what could no longer be caught up with, and a run hands over after half of them. A
 * continue-as-new into which a signal comes is refused and tried again; from then on the server
 * keeps signals waiting until it is done. Should a run not catch up all the same, it does at the
 * latest when the server takes no more signals, which senders repeat.
 */
import { allHandlersFinished, workflowInfo } from '@temporalio/workflow';

/** Half of where Temporal begins to suggest it: replays stay quick, and no server need suggest. */
const longHistory = 2_000;
/** A bridge sends up to 200 events in one. */
const manySignals = 100;
/**
 * More than this that waits is worked off before a run hands over: the server ends a run whose next
 * argument exceeds 2 MB. A character is at most three bytes, and authors carry state of their own.
 */
const carriedCharsMax = 500_000;

/** True when a run that took so many signals had better continue as new at the next quiet moment. */
function isLongRun(signals = 0): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= longHistory || signals >= manySignals;
}

/** True when it may do so at once: no handler is at work, and what waits can be carried over. */
export function isRenewable(signals: number, waitingChars: number): boolean {
  return isLongRun(signals) && allHandlersFinished() && waitingChars <= carriedCharsMax;
}
