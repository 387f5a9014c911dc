/**
 * Shell: the id under which an update is asked for.
 *
 * It is a function of the fact, so that the server recognises a repetition, for as long as the run
 * lasts. It would recognise a refusal too, and give it for ever: so what is redriven is asked for
 * under the first of a row of ids that was not refused. One that is under way, or was answered, is
 * found again, and nothing is done twice.
 */
import { isGrpcServiceError } from '@temporalio/client';
import type { UpdateRequest } from '../engine/request.js';
import { factIdOf } from '../engine/request-id.js';
import { type Target, withDeadline } from './target.js';

const notFound = 5;

/** The id of `request`. Throws errors of gRPC. */
export async function updateIdOf(target: Target, request: UpdateRequest): Promise<string> {
  const { workflowId, update, event } = request;
  const id = factIdOf(update, workflowId, event);
  if (event.late === undefined) return id;
  for (let time = 1; ; time += 1) {
    const updateId = time === 1 ? id : `${id}/${String(time)}`;
    if (!(await wasRefused(target, workflowId, updateId))) return updateId;
  }
}

async function wasRefused(target: Target, workflowId: string, updateId: string): Promise<boolean> {
  const { client, namespace, identity } = target;
  const updateRef = { workflowExecution: { workflowId }, updateId };
  try {
    // Without a stage to wait for, it is answered at once.
    const { outcome } = await withDeadline(target, () =>
      client.workflowService.pollWorkflowExecutionUpdate({ namespace, identity, updateRef }),
    );
    return outcome?.failure != null;
  } catch (error) {
    // Nobody asked under it; and a workflow that is gone says so when it is asked.
    if (isGrpcServiceError(error) && codeOf(error) === notFound) return false;
    throw error;
  }
}

/** The status as a number, which it is compared with. */
function codeOf({ code }: { readonly code: number }): number {
  return code;
}
