/**
 * Shell: a Request becomes one raw call of Temporal's service, every option written out.
 *
 * The raw service is used because the high-level client draws a random request id for signals and
 * retries by itself, unseen by the limiter. Here a request id is a function of the events, so that
 * the server recognises a repetition; the inbox remains the authority.
 */
import { createHash } from 'node:crypto';
import { type Client, isGrpcServiceError } from '@temporalio/client';
import {
  defaultPayloadConverter,
  defineSearchAttributeKey,
  SearchAttributeType,
  toPayloads,
  TypedSearchAttributes,
} from '@temporalio/common';
import { encodeUnifiedSearchAttributes } from '@temporalio/common/lib/converter/payload-search-attributes.js';
import proto from '@temporalio/proto';
import { eventsSignal } from '../workflows/index.js';
import type { Request } from './request.js';
import { judge, type Verdict } from './verdict.js';

const { WorkflowIdReusePolicy, WorkflowIdConflictPolicy } = proto.temporal.api.enums.v1;
const { ResourceExhaustedCause } = proto.temporal.api.enums.v1;
const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;
const busyType = 'type.googleapis.com/temporal.api.errordetails.v1.ResourceExhaustedFailure';

export interface Target {
  readonly client: Client;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Shown by Temporal as who asked. */
  readonly identity: string;
  /** One call; a call without an answer is retried by the engine. */
  readonly deadlineMs: number;
}

/** Sends one request, once. Resolves with what the answer means; never throws for an answer. */
export async function dispatch(target: Target, request: Request): Promise<Verdict> {
  try {
    await target.client.connection.withDeadline(Date.now() + target.deadlineMs, () =>
      call(target, request),
    );
    return { kind: 'done', how: 'accepted' };
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    return judge({
      code: error.code,
      message: error.details || error.message,
      busyWorkflow: isBusy(error.metadata.get('grpc-status-details-bin')[0]),
    });
  }
}

async function call(target: Target, request: Request): Promise<void> {
  const service = target.client.workflowService;
  const { namespace, taskQueue, identity } = target;
  const { workflowId, events } = request;
  const requestId = requestIdOf(request);
  const signal = {
    signalName: eventsSignal.name,
    input: { payloads: [defaultPayloadConverter.toPayload(events)] },
  };
  const workflowExecution = { workflowId };
  if (request.kind === 'signal') {
    const about = { namespace, workflowExecution, identity, requestId };
    await service.signalWorkflowExecution({ ...about, ...signal });
    return;
  }
  const { workflow, args, listing, whenClosed } = request;
  const start = {
    namespace,
    workflowId,
    workflowType: { name: workflow },
    taskQueue: { name: taskQueue },
    input: { payloads: toPayloads(defaultPayloadConverter, ...args) ?? [] },
    identity,
    requestId,
    workflowIdReusePolicy:
      whenClosed === 'leave-closed'
        ? WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
        : WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
    searchAttributes: { indexedFields: attributesOf(listing.attributes) },
    userMetadata: { summary: defaultPayloadConverter.toPayload(listing.summary) },
  };
  if (request.kind === 'start') {
    await service.startWorkflowExecution({
      ...start,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
    });
  } else {
    await service.signalWithStartWorkflowExecution({
      ...start,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
      signalName: signal.signalName,
      signalInput: signal.input,
    });
  }
}

function attributesOf(attributes: Readonly<Record<string, string>>) {
  const pairs = Object.entries(attributes).map(([name, value]) => ({
    key: defineSearchAttributeKey(name, SearchAttributeType.KEYWORD),
    value,
  }));
  return encodeUnifiedSearchAttributes(undefined, new TypedSearchAttributes(pairs));
}

/** 22 characters: the server keeps them in the run's state. */
function requestIdOf({ kind, workflowId, events }: Request): string {
  const hash = createHash('sha256').update(`${kind}\n${workflowId}`);
  for (const { id, position } of events) hash.update(`\n${id}\n${position.source}\n${position.at}`);
  return hash.digest('base64url').slice(0, 22);
}

function isBusy(details: string | Buffer | undefined): boolean {
  if (!Buffer.isBuffer(details)) return false;
  // google.rpc.Status: the failure is the Any whose type URL names it; the cause is its field 1.
  const at = details.indexOf(busyType);
  if (at < 0) return false;
  const length = details[at + busyType.length + 1] ?? 0;
  const start = at + busyType.length + 2;
  const { cause } = ResourceExhaustedFailure.decode(details.subarray(start, start + length));
  return cause === ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW;
}
