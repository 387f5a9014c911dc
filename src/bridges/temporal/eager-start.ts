/**
 * Shell: starts of workflows. Where a worker of the task queue shares the connection they are eager:
 * the answer brings the first task along.
 *
 * Eager calls are of the kind that the SDK repeats by itself, unseen (`single-calls.ts`). Hence:
 * X1 An eager start without an answer for half a second is asked for once more, not eagerly and by a
 *    single call, whose answer counts. The request id makes one start of both.
 * X2 For ten seconds after that nothing is started eagerly: hidden repetitions do not pile up.
 */
import type { WorkflowService } from '@temporalio/client';

type StartService = Pick<WorkflowService, 'startWorkflowExecution'>;
/** What it is asked, all but the wish to be eager. */
export type StartCall = Parameters<WorkflowService['startWorkflowExecution']>[0];

const patienceMs = 500;
const restMs = 10_000;

/**
 * Starts by single calls of `once`; eagerly by `eager`, where it is given.
 * The result throws errors of gRPC.
 */
export function starter(
  once: StartService,
  eager?: StartService,
  { patience = patienceMs, rest = restMs } = {},
): (call: StartCall) => Promise<void> {
  let restsUntil = Number.NEGATIVE_INFINITY;
  return async (call) => {
    if (eager !== undefined && performance.now() >= restsUntil) {
      const asked = eager.startWorkflowExecution({ ...call, requestEagerExecution: true });
      if (await isAnswered(asked, patience)) {
        await asked;
        return;
      }
      restsUntil = performance.now() + rest;
    }
    await once.startWorkflowExecution(call);
  };
}

/** False: not within `ms`. */
function isAnswered(asked: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, false);
    const told = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    asked.then(told, told);
  });
}
