/**
 * Shell: one durable activity for events, and what became of each: a standalone activity where the
 * server has them, else a workflow that does nothing but run it.
 *
 * The id of a run for one event is a function of the fact, by which the server recognises a
 * repetition, also one that was published twice. A list has no id that outlasts a crash, since the
 * same events come cut differently: an effect that takes a list recognises its events by their own
 * ids. So the answer of a list is not kept as the last word: what asked for another try, or was
 * refused, would have the same answer for ever.
 */
import { randomUUID } from 'node:crypto';
import { isGrpcServiceError, WorkflowFailedError } from '@temporalio/client';
import { defaultFailureConverter, defaultPayloadConverter, toPayloads } from '@temporalio/common';
import proto from '@temporalio/proto';
import { runActivity, skippedOf } from '../../workflows/index.js';
import type { EffectOutcome } from '../matching/command.js';
import type { RunRequest } from '../engine/request.js';
import { factIdOf, requestIdOf } from '../engine/request-id.js';
import { type Target, withDeadline } from './temporal.js';
import type { Verdict } from '../engine/verdict.js';

const { ActivityIdReusePolicy, ActivityIdConflictPolicy } = proto.temporal.api.enums.v1;
const { WorkflowIdReusePolicy, WorkflowIdConflictPolicy } = proto.temporal.api.enums.v1;

/** A long poll is answered within 20 s, with or without a result. */
const pollMs = 60_000;
const alreadyExists = 6;
const unimplemented = 12;
/** Servers that have no standalone activities, asked once. */
const withoutActivities = new WeakSet();

/** Runs `request` to its end. Throws errors of gRPC. */
export async function runEffect(target: Target, request: RunRequest): Promise<Verdict> {
  const id = `${request.activity}/${effectIdOf(request)}`;
  if (withoutActivities.has(target.client.connection)) return runInWorkflow(target, request, id);
  try {
    await startActivity(target, request, id);
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    if (codeOf(error) === unimplemented) {
      withoutActivities.add(target.client.connection);
      return runInWorkflow(target, request, id);
    }
    if (codeOf(error) !== alreadyExists) throw error;
  }
  return answerOf(target, request, id);
}

function effectIdOf({ activity, events, takes }: RunRequest): string {
  // Redriven or not, it is the same event.
  const facts = events.map(skippedOf);
  const [only] = facts;
  return takes === 'one' && only !== undefined
    ? factIdOf('run', activity, only)
    : requestIdOf('run', activity, facts);
}

async function startActivity(target: Target, request: RunRequest, id: string): Promise<void> {
  const { client, namespace, taskQueue, identity } = target;
  const { activity, events, startToCloseMs } = request;
  const seconds = Math.floor(startToCloseMs / 1_000);
  await withDeadline(target, () =>
    client.workflowService.startActivityExecution({
      // The id alone recognises a repetition: under its request id a failure would be final.
      ...{ namespace, identity, activityId: id, requestId: randomUUID() },
      activityType: { name: activity },
      taskQueue: { name: taskQueue },
      startToCloseTimeout: { seconds, nanos: (startToCloseMs % 1_000) * 1_000_000 } as never,
      // Without end: what may not be tried again fails with a failure that says so.
      retryPolicy: {
        initialInterval: { seconds: 0, nanos: 200_000_000 } as never,
        backoffCoefficient: 2,
        maximumInterval: { seconds: 30, nanos: 0 } as never,
      },
      input: { payloads: inputOf(request) },
      idReusePolicy:
        request.takes === 'list'
          ? ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE
          : ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
      idConflictPolicy: ActivityIdConflictPolicy.ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING,
      userMetadata: { summary: defaultPayloadConverter.toPayload(summaryOf(events)) },
    }),
  );
}

async function answerOf(target: Target, request: RunRequest, activityId: string): Promise<Verdict> {
  const { client, namespace } = target;
  for (;;) {
    const { outcome } = await client.connection.withDeadline(Date.now() + pollMs, () =>
      client.workflowService.pollActivityExecution({ namespace, activityId }),
    );
    if (outcome?.failure != null) {
      const { message } = defaultFailureConverter.failureToError(
        outcome.failure,
        defaultPayloadConverter,
      );
      return { kind: 'reject', reason: 'effect-refused', detail: message };
    }
    if (outcome?.result != null) {
      const [payload] = outcome.result.payloads ?? [];
      return done(
        request,
        payload == null ? undefined : defaultPayloadConverter.fromPayload(payload),
      );
    }
  }
}

async function runInWorkflow(target: Target, request: RunRequest, id: string): Promise<Verdict> {
  const { client, namespace, taskQueue, identity } = target;
  const { activity, startToCloseMs, events } = request;
  const workflowId = `effect:${id}`;
  const argument = { activity, args: argumentsOf(request), startToCloseMs };
  try {
    await withDeadline(target, () =>
      target.start({
        ...{ namespace, workflowId, identity, requestId: randomUUID() },
        workflowType: { name: runActivity.name },
        taskQueue: { name: taskQueue },
        input: { payloads: toPayloads(defaultPayloadConverter, argument) ?? [] },
        workflowIdReusePolicy:
          request.takes === 'list'
            ? WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
            : WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
        userMetadata: { summary: defaultPayloadConverter.toPayload(summaryOf(events)) },
      }),
    );
  } catch (error) {
    if (!isGrpcServiceError(error) || codeOf(error) !== alreadyExists) throw error;
  }
  try {
    return done(request, await client.workflow.getHandle(workflowId).result());
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw causeOf(error);
    const detail = wordsOf(error.cause ?? error);
    return { kind: 'reject', reason: 'effect-refused', detail };
  }
}

/** The client's enum is not exported; its values are gRPC's. */
function codeOf({ code }: { readonly code: number }): number {
  return code;
}

function done({ takes, events }: RunRequest, result: unknown): Verdict {
  if (takes === 'one') return { kind: 'done' };
  if (!Array.isArray(result) || result.length !== events.length) {
    const cause = 'a list effect must answer for each of its events, in their order';
    return { kind: 'halt', cause };
  }
  return { kind: 'ran', outcomes: result as readonly EffectOutcome[] };
}

function argumentsOf({ takes, events }: RunRequest): readonly unknown[] {
  return takes === 'list' ? [events] : events;
}

function inputOf(request: RunRequest) {
  return toPayloads(defaultPayloadConverter, ...argumentsOf(request)) ?? [];
}

function summaryOf(events: RunRequest['events']): string {
  const [first] = events;
  const more = events.length > 1 ? ` and ${events.length - 1} more` : '';
  return `${first?.type ?? ''} ${first?.id ?? ''}${more}`;
}

/** The high-level client wraps the answer of the server. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && isGrpcServiceError(error.cause) ? error.cause : error;
}

function wordsOf(error: Error): string {
  return error.cause instanceof Error ? wordsOf(error.cause) : error.message;
}
