/** Temporal's raw service without Kafka: what the same requests cost by themselves. */
import { defaultPayloadConverter, toPayloads } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Laboratory, Step } from './laboratory.js';
import { workflowIdOf } from './routes.js';
import { positionOf } from './subjects.js';
import type { BenchEvent } from './workflows/index.js';

const { WorkflowIdReusePolicy, WorkflowIdConflictPolicy } = proto.temporal.api.enums.v1;

export interface RawTarget {
  /** Part of every id. */
  readonly topic: string;
  readonly taskQueue: string;
}

/**
 * Starts the workflow of `step`, with its event in the argument. It is the bridge's own request,
 * field by field: a summary alone costs the server some 2 % more.
 */
export async function rawStart(
  { client, clients }: Laboratory,
  { topic, taskQueue }: RawTarget,
  { step, local, eager }: { step: Step; local: boolean; eager: boolean },
): Promise<void> {
  const { key } = step;
  const workflowId = workflowIdOf(topic, key);
  const argument = { key, events: 1, local, first: [eventOf(topic, step)] };
  await client.workflowService.startWorkflowExecution({
    ...{ namespace: clients.namespace, workflowId, requestId: workflowId, identity: 'raw' },
    requestEagerExecution: eager,
    workflowType: { name: 'benchSteps' },
    taskQueue: { name: taskQueue },
    input: { payloads: toPayloads(defaultPayloadConverter, argument) ?? [] },
    workflowIdReusePolicy: WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
    searchAttributes: { indexedFields: {} },
    userMetadata: { summary: defaultPayloadConverter.toPayload(`Bench ${key}`) },
  });
}

/** Starts the effect of `step` as a standalone activity. */
export async function rawEffect(
  { client, clients }: Laboratory,
  { topic, taskQueue }: RawTarget,
  step: Step,
): Promise<void> {
  const activityId = workflowIdOf(topic, step.key);
  await client.workflowService.startActivityExecution({
    ...{ namespace: clients.namespace, activityId, requestId: activityId },
    activityType: { name: 'settle' },
    taskQueue: { name: taskQueue },
    startToCloseTimeout: { seconds: 30, nanos: 0 } as never,
    input: { payloads: toPayloads(defaultPayloadConverter, [eventOf(topic, step)]) ?? [] },
  });
}

function eventOf(topic: string, { key, n }: Step): BenchEvent {
  return {
    id: `${key}/${String(n)}`,
    type: 'bench.event',
    occurredAt: new Date().toISOString(),
    data: { key, n },
    position: positionOf({ topic, partition: 0, offset: '0' }),
  };
}
