/**
 * Shell: a Request becomes one raw call of Temporal's service, every option written out.
 *
 * The raw service is used because the high-level client draws a random request id for signals. Here
 * a request id is a function of the events, so that the server recognises a repetition; the inbox
 * remains the authority. One call of ours is one of the server's: nothing is repeated but by the
 * engine.
 */
import {
  defineSearchAttributeKey,
  SearchAttributeType,
  TypedSearchAttributes,
} from '@temporalio/common';
import { encodeUnifiedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import proto from '@temporalio/proto';
import { eventsSignal } from '../../workflows/index.js';
import { judged } from './grpc-failure.js';
import { metadataOf, payloadsOf, workflowOwner } from './payloads.js';
import type { CancelRequest, Request, SignalRequest, StartRequest } from '../engine/request.js';
import { requestIdOf } from '../engine/request-id.js';
import { type Target, withDeadline } from './target.js';
import { runEffect } from './temporal-effects.js';
import { requestUpdate } from './temporal-updates.js';
import type { Verdict } from '../engine/verdict.js';

const { WorkflowIdReusePolicy, WorkflowIdConflictPolicy, WorkflowExecutionStatus } =
  proto.temporal.api.enums.v1;

export type { Target } from './target.js';

/** Sends one request, once. Resolves with what the answer means; never throws for an answer. */
export async function dispatch(target: Target, request: Request): Promise<Verdict> {
  switch (request.kind) {
    case 'run':
      return judged(() => runEffect(target, request));
    case 'update':
      return judged(() => requestUpdate(target, request), { awaitsWorker: true });
    default:
      return judged(() => withDeadline(target, () => call(target, request)));
  }
}

async function call(
  target: Target,
  request: Extract<Request, { kind: 'start' | 'signal' | 'cancel' }>,
): Promise<Verdict> {
  switch (request.kind) {
    case 'start':
      await start(target, request);
      return { kind: 'done' };
    case 'signal':
      await signal(target, request);
      return { kind: 'done' };
    case 'cancel':
      return cancel(target, request);
  }
}

/** The server accepts the cancellation of a closed run without a word: so it is looked at after. */
async function cancel(target: Target, request: CancelRequest): Promise<Verdict> {
  const { client, namespace, identity } = target;
  const { workflowId, reason, event } = request;
  await client.workflowService.requestCancelWorkflowExecution({
    ...{ namespace, identity, reason, workflowExecution: { workflowId } },
    requestId: requestIdOf('cancel', workflowId, [event]),
  });
  const { workflowExecutionInfo, workflowExtendedInfo } =
    await client.workflowService.describeWorkflowExecution({
      namespace,
      execution: { workflowId },
    });
  const status = workflowExecutionInfo?.status;
  const isAsAsked =
    status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING ||
    status === WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_CANCELED ||
    // However it ended: it was asked to, perhaps by this very request before a crash.
    workflowExtendedInfo?.cancelRequested === true;
  return { kind: isAsAsked ? 'done' : 'closed' };
}

async function start(target: Target, request: StartRequest): Promise<void> {
  const { namespace, taskQueue, identity } = target;
  const { workflowId, workflow, listing, events, skipped, again } = request;
  const owner = workflowOwner(target, workflowId);
  await target.start({
    ...{ namespace, workflowId, identity },
    workflowType: { name: workflow },
    taskQueue: { name: taskQueue },
    input: { payloads: await payloadsOf(target, owner, [openingOf(request)]) },
    requestId: requestIdOf('start', workflowId, events, skipped),
    workflowIdReusePolicy: again
      ? WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
      : WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
    searchAttributes: { indexedFields: attributesOf(listing.attributes) },
    userMetadata: await metadataOf(target, owner, listing.summary),
  });
}

/** The workflow's one argument: its settings, and what opens its inbox. */
function openingOf({ settings, events, skipped, inbox }: StartRequest): object {
  return {
    ...settings,
    first: events,
    ...(skipped.length === 0 ? {} : { skipped }),
    ...(inbox === undefined ? {} : { inbox }),
  };
}

async function signal(target: Target, request: SignalRequest): Promise<void> {
  const { client, namespace, identity } = target;
  const { workflowId, events, skipped } = request;
  const values = skipped.length === 0 ? [events] : [events, skipped];
  const payloads = await payloadsOf(target, workflowOwner(target, workflowId), values);
  await client.workflowService.signalWorkflowExecution({
    ...{ namespace, identity, workflowExecution: { workflowId } },
    requestId: requestIdOf('signal', workflowId, events, skipped),
    signalName: eventsSignal.name,
    input: { payloads },
  });
}

function attributesOf(attributes: Readonly<Record<string, string>>) {
  const pairs = Object.entries(attributes).map(([name, value]) => ({
    key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
    value,
  }));
  return encodeUnifiedSearchAttributes(undefined, new TypedSearchAttributes(pairs));
}
