/** When a run should hand over to a fresh one. */
import { workflowInfo } from '@temporalio/workflow';

/** Half of where Temporal begins to suggest it: replays stay quick, and no server need suggest. */
const longHistory = 2_000;

/** True when the history is long enough to continue as new at the next quiet moment. */
export function isLongRun(): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= longHistory;
}
