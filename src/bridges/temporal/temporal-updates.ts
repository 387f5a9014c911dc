/** Shell: updates, answered; and what a closed run's inbox had seen. */
import proto from '@temporalio/proto';
import { inboxQuery, type InboxState } from '../../workflows/index.js';
import type { Recollection, Seen, Unanswered } from '../engine/request-executor.js';
import { judged } from './grpc-failure.js';
import { errorOf, payloadsOf, valueOf, workflowOwner } from './payloads.js';
import type { UpdateRequest } from '../engine/request.js';
import { type Target, withDeadline } from './target.js';
import { updateIdOf } from './update-id.js';
import type { Verdict } from '../engine/verdict.js';

const { UpdateWorkflowExecutionLifecycleStage, WorkflowExecutionStatus } =
  proto.temporal.api.enums.v1;
const { QueryRejectCondition } = proto.temporal.api.enums.v1;
const completed =
  UpdateWorkflowExecutionLifecycleStage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED;

/** Sends an update and waits for its answer; a repetition joins the update that is under way. */
export async function requestUpdate(target: Target, request: UpdateRequest): Promise<Verdict> {
  const { client, namespace, identity } = target;
  const { workflowId, update, event, skipped } = request;
  const owner = workflowOwner(target, workflowId);
  const values = skipped.length === 0 ? [event] : [event, skipped];
  const payloads = await payloadsOf(target, owner, values);
  const updateId = await updateIdOf(target, request);
  const { outcome } = await withDeadline(target, () =>
    client.workflowService.updateWorkflowExecution({
      ...{ namespace, workflowExecution: { workflowId } },
      waitPolicy: { lifecycleStage: completed },
      request: {
        meta: { updateId, identity },
        input: { name: update, args: { payloads } },
      },
    }),
  );
  if (outcome?.failure != null) {
    const error = await errorOf(target, owner, outcome.failure);
    return { kind: 'reject', reason: 'update-refused', detail: wordsOf(error) };
  }
  if (outcome?.success != null) {
    // Late, it was set aside before, perhaps because it was refused: that it repeats is no success.
    if (event.late === undefined) return { kind: 'done' };
    const answer = await valueOf<unknown>(target, owner, outcome.success.payloads);
    if (!isDuplicate(answer)) return { kind: 'done' };
    const detail = `workflow ${JSON.stringify(workflowId)} has forgotten how it answered ${update}`;
    return { kind: 'reject', reason: 'inbox-forgot', detail };
  }
  const cause = `update ${update} of ${workflowId} has no answer yet`;
  return { kind: 'retry', scope: 'lane', cause, code: 'unanswered' };
}

/** A failure of an activity or of a child has its words in its causes. */
function wordsOf(error: unknown): string {
  const words: string[] = [];
  for (let one = error; one instanceof Error; one = one.cause) words.push(one.message);
  return words.join(': ');
}

/** True when an inbox says that it had the event some time ago. */
function isDuplicate(answer: unknown): boolean {
  const isAnswer = typeof answer === 'object' && answer !== null && 'kind' in answer;
  return isAnswer && answer.kind === 'duplicate';
}

/** What the newest run of `workflowId` is, and what its inbox had seen if it is closed. */
export async function recall(
  target: Target,
  workflowId: string,
): Promise<Recollection | Extract<Verdict, { kind: Unanswered }>> {
  const running = await judged(() => isRunning(target, workflowId));
  if (running === true) return { kind: 'running' };
  if (running !== false) return unanswered(running);
  const seen = await inboxOf(target, workflowId);
  return seen.kind === 'seen' ? { kind: 'closed', inbox: seen.inbox } : seen;
}

/** What the newest run of `workflowId`, running or closed, has seen. */
export async function inboxOf(
  target: Target,
  workflowId: string,
): Promise<Seen | Extract<Verdict, { kind: Unanswered }>> {
  // The query is replayed by a worker: where none runs, the deadline passes and it is asked again.
  const inbox = await judged(() => queryInbox(target, workflowId), { awaitsWorker: true });
  if (!('kind' in inbox)) return { kind: 'seen', inbox: inbox.state };
  // It answers no such question, or it never ran.
  if (hasNoInbox(inbox)) return { kind: 'seen', inbox: undefined };
  if (inbox.kind !== 'reject') return unanswered(inbox);
  // Whether it has one is not known: no worker of now can replay it, or knows its type.
  const { detail: cause } = inbox;
  return { kind: 'retry', scope: 'lane', cause, code: 'inbox-unreadable' };
}

/**
 * True for what a run without an inbox answers when it is asked for one. Any other refusal comes of
 * a run that could not be replayed. The words are those of the SDK, `queryWorkflowNextHandler` in
 * `@temporalio/workflow`.
 */
export function hasNoInbox(verdict: Verdict): boolean {
  if (verdict.kind !== 'reject') return verdict.kind === 'closed';
  return verdict.detail.includes(`did not register a handler for ${inboxQuery.name}`);
}

function unanswered(
  verdict: Verdict,
): Extract<Verdict, { kind: Unanswered }> | { readonly kind: 'missing' } {
  switch (verdict.kind) {
    case 'missing':
    case 'retry':
    case 'reject':
    case 'halt':
      return verdict;
    default:
      return { kind: 'halt', cause: `recall: a question was answered with ${verdict.kind}` };
  }
}

async function isRunning(target: Target, workflowId: string): Promise<boolean> {
  const { client, namespace } = target;
  const { workflowExecutionInfo } = await withDeadline(target, () =>
    client.workflowService.describeWorkflowExecution({ namespace, execution: { workflowId } }),
  );
  return (
    workflowExecutionInfo?.status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING ||
    workflowExecutionInfo?.status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_PAUSED
  );
}

async function queryInbox(
  target: Target,
  workflowId: string,
): Promise<{ state: InboxState } | Verdict> {
  const { client, namespace } = target;
  const { queryRejected, queryResult } = await withDeadline(target, () =>
    client.workflowService.queryWorkflow({
      ...{ namespace, execution: { workflowId } },
      query: { queryType: inboxQuery.name },
      queryRejectCondition: QueryRejectCondition.QUERY_REJECT_CONDITION_NONE,
    }),
  );
  if (queryRejected != null) {
    const cause = `workflow ${JSON.stringify(workflowId)} is paused: it answers no question`;
    return { kind: 'retry', scope: 'lane', cause, code: 'workflow-not-ready' };
  }
  const owner = workflowOwner(target, workflowId);
  const state = await valueOf<InboxState>(target, owner, queryResult?.payloads);
  if (state === undefined) throw new Error(`recall: ${workflowId} answered without its inbox`);
  return { state };
}
