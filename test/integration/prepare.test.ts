/** `headrace prepare` on a stack from outside, whose Temporal keeps closed runs for a day. */
import { randomUUID } from 'node:crypto';
import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { environmentOf, runHeadrace } from '../support/headrace.js';
import { eventually } from '../support/site.js';

const namespace = `prepared-${randomUUID()}`;
const daySeconds = 86_400;
let connection: Connection;

beforeAll(async () => {
  connection = await Connection.connect({ address: inject('addresses').temporalAddress });
  const workflowExecutionRetentionPeriod = msToTs('1 day');
  await connection.workflowService.registerNamespace({
    ...{ namespace, workflowExecutionRetentionPeriod },
  });
  // The server hears of a new namespace at its next look.
  await eventually('the namespace', async () => {
    const list = connection.workflowService.listWorkflowExecutions({ namespace });
    return list.then(
      () => true,
      () => false,
    );
  });
});
afterAll(() => connection.close());

async function keptDays(): Promise<number> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  return Number(config?.workflowExecutionRetentionTtl?.seconds) / daySeconds;
}

it('closed runs are kept for 7 days where the namespace is ours, else as long as before', async () => {
  const env = environmentOf(inject('addresses'), { TEMPORAL_NAMESPACE: namespace });
  await runHeadrace(['prepare'], env);
  expect(await keptDays()).toBe(1);
  await runHeadrace(['prepare', '--own-temporal'], env);
  expect(await keptDays()).toBe(7);
});
