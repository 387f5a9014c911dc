/** Shell: an activity of its own, on servers that have them. */
import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import type { RunRequest } from '../engine/request.js';
import { argumentsOf, type End, refusedBy, summaryOf, type Way } from './effect-run.js';
import { isStatus } from './grpc-failure.js';
import { activityOwner, errorOf, metadataOf, payloadsOf, valueOf } from './payloads.js';
import { type Target, withDeadline } from './target.js';

const { ActivityIdReusePolicy, ActivityIdConflictPolicy } = proto.temporal.api.enums.v1;

type Outcome = proto.temporal.api.activity.v1.IActivityExecutionOutcome | null | undefined;

const alreadyExists = 6;
/** The server answers a long poll so long before the deadline of the call. */
const earlierMs = 1_000;

export const standaloneActivity: Way = {
  async begin(target, request, id) {
    const call = await startCall(target, request, id);
    try {
      await withDeadline(target, () => target.client.workflowService.startActivityExecution(call));
    } catch (error) {
      if (!isStatus(error, alreadyExists)) throw error;
    }
  },

  async end(target, activityId, waitMs) {
    const { client, namespace } = target;
    if (waitMs > 0) {
      const patient = { ...target, deadlineMs: waitMs + earlierMs };
      const { outcome } = await withDeadline(patient, () =>
        client.workflowService.pollActivityExecution({ namespace, activityId }),
      );
      return endOf(target, activityId, outcome);
    }
    const { outcome } = await withDeadline(target, () =>
      client.workflowService.describeActivityExecution({
        ...{ namespace, activityId, includeOutcome: true },
      }),
    );
    return endOf(target, activityId, outcome);
  },
};

async function startCall(target: Target, request: RunRequest, activityId: string) {
  const { namespace, taskQueue, identity } = target;
  const { activity, startToCloseMs } = request;
  const owner = activityOwner(target, activityId);
  const seconds = Math.floor(startToCloseMs / 1_000);
  return {
    // The id alone recognises a repetition: under its request id a failure would be final.
    ...{ namespace, identity, activityId, requestId: randomUUID() },
    activityType: { name: activity },
    taskQueue: { name: taskQueue },
    startToCloseTimeout: { seconds, nanos: (startToCloseMs % 1_000) * 1_000_000 } as never,
    // Without end: what may not be tried again fails with a failure that says so.
    retryPolicy: {
      initialInterval: { seconds: 0, nanos: 200_000_000 } as never,
      backoffCoefficient: 2,
      maximumInterval: { seconds: 30, nanos: 0 } as never,
    },
    input: { payloads: await payloadsOf(target, owner, argumentsOf(request)) },
    idReusePolicy:
      request.takes === 'list'
        ? ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE
        : ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
    idConflictPolicy: ActivityIdConflictPolicy.ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING,
    userMetadata: await metadataOf(target, owner, summaryOf(request)),
  };
}

async function endOf(target: Target, id: string, outcome: Outcome): Promise<End | undefined> {
  const owner = activityOwner(target, id);
  if (outcome?.failure != null) return refusedBy(await errorOf(target, owner, outcome.failure));
  if (outcome?.result == null) return undefined;
  return { kind: 'result', result: await valueOf(target, owner, outcome.result.payloads) };
}
