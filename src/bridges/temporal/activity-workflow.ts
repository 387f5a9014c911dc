/** Shell: a workflow that does nothing but run the activity, on servers that cannot do without. */
import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import { runActivity } from '../../workflows/index.js';
import { argumentsOf, type End, refusedBy, summaryOf, type Way } from './effect-run.js';
import { isStatus } from './grpc-failure.js';
import { errorOf, metadataOf, payloadsOf, valueOf, workflowOwner } from './payloads.js';
import { type Target, withDeadline } from './target.js';

const { WorkflowIdReusePolicy, WorkflowIdConflictPolicy } = proto.temporal.api.enums.v1;
const { HistoryEventFilterType } = proto.temporal.api.enums.v1;

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

const alreadyExists = 6;
/** The server answers a long poll so long before the deadline of the call. */
const earlierMs = 1_000;

export const activityWorkflow: Way = {
  async begin(target, request, id) {
    const { namespace, taskQueue, identity } = target;
    const { activity, startToCloseMs } = request;
    const workflowId = workflowIdOf(id);
    const owner = workflowOwner(target, workflowId);
    const input = { activity, args: argumentsOf(request), startToCloseMs };
    const call = {
      ...{ namespace, workflowId, identity, requestId: randomUUID() },
      workflowType: { name: runActivity.name },
      taskQueue: { name: taskQueue },
      input: { payloads: await payloadsOf(target, owner, [input]) },
      workflowIdReusePolicy:
        request.takes === 'list'
          ? WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
          : WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
      userMetadata: await metadataOf(target, owner, summaryOf(request)),
    };
    try {
      await withDeadline(target, () => target.start(call));
    } catch (error) {
      if (!isStatus(error, alreadyExists)) throw error;
    }
  },

  async end(target, id, waitMs) {
    const { client, namespace, deadlineMs } = target;
    const workflowId = workflowIdOf(id);
    const waits = waitMs > 0;
    const patient = { ...target, deadlineMs: waits ? waitMs + earlierMs : deadlineMs };
    const { history } = await withDeadline(patient, () =>
      client.workflowService.getWorkflowExecutionHistory({
        ...{ namespace, execution: { workflowId }, waitNewEvent: waits, skipArchival: true },
        historyEventFilterType: HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
      }),
    );
    const last = history?.events?.at(-1);
    return last === undefined ? undefined : endOf(target, workflowId, last);
  },
};

function workflowIdOf(id: string): string {
  return `effect:${id}`;
}

async function endOf(target: Target, workflowId: string, event: HistoryEvent): Promise<End> {
  const owner = workflowOwner(target, workflowId);
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed != null) {
    return { kind: 'result', result: await valueOf(target, owner, completed.result?.payloads) };
  }
  const failure = event.workflowExecutionFailedEventAttributes?.failure;
  if (failure != null) return refusedBy(await errorOf(target, owner, failure));
  // Somebody ended it by hand: it was not done, and is not begun again unless it is redriven.
  const reason = event.workflowExecutionTerminatedEventAttributes?.reason;
  const why = reason == null || reason === '' ? '' : `: ${reason}`;
  return { kind: 'refused', detail: `its workflow ${workflowId} was ended by hand${why}` };
}
