/** Whom a real server's words blame: the record, one workflow, or everything. No worker runs here. */
import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Request } from '../../src/bridges/engine/request.js';
import { factIdOf } from '../../src/bridges/engine/request-id.js';
import { starter } from '../../src/bridges/temporal/eager-start.js';
import { callingOnce } from '../../src/bridges/temporal/single-calls.js';
import { dispatch, type Target } from '../../src/bridges/temporal/temporal.js';
import { inboxOf, recall } from '../../src/bridges/temporal/temporal-updates.js';
import { anEvent } from '../support/records.js';
import { eventually } from '../support/site.js';

describe('blame', () => {
  let connection: NativeConnection;
  let client: Client;
  let target: Target;

  beforeAll(async () => {
    connection = await NativeConnection.connect({ address: inject('addresses').temporalAddress });
    client = new Client({ connection });
    const once = callingOnce(client);
    target = {
      ...{ client: once, start: starter(once.workflowService), namespace: 'default' },
      ...{ taskQueue: `nobody-${randomUUID()}`, identity: 'a test', deadlineMs: 10_000 },
    };
  });
  afterAll(() => connection.close());

  const aSignal = (workflowId: string): Request => ({
    ...{ kind: 'signal', workflowId, events: [anEvent()], skipped: [] },
  });
  const anUpdate = (workflowId: string): Request => ({
    ...{ kind: 'update', workflowId, update: 'ask', event: anEvent(), skipped: [] },
  });
  const aStart = (workflowId: string, attributes: Readonly<Record<string, string>>): Request => ({
    ...{ kind: 'start', workflowId, workflow: 'nobody', settings: {}, again: false },
    ...{ listing: { attributes, summary: 'A test' }, events: [anEvent()], skipped: [] },
  });
  const started = async (): Promise<string> => {
    const workflowId = `blame-${randomUUID()}`;
    expect(await dispatch(target, aStart(workflowId, {}))).toEqual({ kind: 'done' });
    return workflowId;
  };

  it('a workflow that is not there is missing, also where its id speaks of a namespace', async () => {
    const id = `Namespace x is not found, already completed ${randomUUID()}`;
    expect(await dispatch(target, aSignal(id))).toEqual({ kind: 'missing' });
    expect(await dispatch(target, anUpdate(id))).toEqual({ kind: 'missing' });
    expect(await recall(target, id)).toEqual({ kind: 'missing' });
  });

  it('a namespace that is not there holds for all', async () => {
    const elsewhere = { ...target, namespace: `absent-${randomUUID()}` };
    const found = { kind: 'halt', cause: expect.stringMatching(/^Namespace absent-/) as unknown };
    expect(await dispatch(elsewhere, aSignal('w'))).toEqual(found);
    expect(await inboxOf(elsewhere, 'w')).toEqual(found);
  });

  it('a search attribute that is not registered holds for all events of its route', async () => {
    const verdict = await dispatch(target, aStart(randomUUID(), { NobodyRegisteredThis: 'x' }));
    expect(verdict).toMatchObject({ kind: 'halt' });
    expect(verdict).toHaveProperty('cause', expect.stringContaining('NobodyRegisteredThis'));
    expect(verdict).toHaveProperty('cause', expect.stringContaining('register'));
  });

  it('an update, and a question, that no worker answers concern that workflow only', async () => {
    const workflowId = await started();
    const hasty = { ...target, deadlineMs: 1_500 };
    const answers = [dispatch(hasty, anUpdate(workflowId)), inboxOf(hasty, workflowId)];
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ kind: 'retry', scope: 'lane' });
    }
  });

  it('an update whose workflow closes meanwhile finds it closed, as does the next', async () => {
    const workflowId = await started();
    const asked = dispatch(target, anUpdate(workflowId));
    const updateId = factIdOf('ask', workflowId, anEvent());
    const updateRef = { workflowExecution: { workflowId }, updateId };
    await eventually('the update to be admitted', () =>
      client.workflowService.pollWorkflowExecutionUpdate({ namespace: 'default', updateRef }).then(
        () => true,
        () => false,
      ),
    );
    await client.workflow.getHandle(workflowId).terminate();
    expect(await asked).toEqual({ kind: 'closed' });
    expect(await dispatch(target, anUpdate(workflowId))).toEqual({ kind: 'closed' });
  });

  it('a run that was ended before its first task had seen nothing', async () => {
    const workflowId = await started();
    await client.workflow.getHandle(workflowId).terminate();
    expect(await recall(target, workflowId)).toEqual({ kind: 'closed', inbox: undefined });
  });
});
