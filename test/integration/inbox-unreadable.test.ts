/** A closed run that no worker of now can replay: that is not the same as a run without an inbox. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { starter } from '../../src/bridges/temporal/eager-start.js';
import type { Target } from '../../src/bridges/temporal/temporal.js';
import { recall } from '../../src/bridges/temporal/temporal-updates.js';
import { eventsSignal } from '../../src/workflows/index.js';
import { keepSilent } from '../support/changed-workflows.js';
import { account, collect, endSignal } from '../support/inbox-workflows.js';
import { anEvent } from '../support/records.js';

const taskQueue = `unreadable-${randomUUID()}`;
const before = fileURLToPath(new URL('../support/inbox-workflows.ts', import.meta.url));
const now = fileURLToPath(new URL('../support/changed-workflows.ts', import.meta.url));

let connection: NativeConnection;
let client: Client;
let target: Target;

beforeAll(async () => {
  connection = await NativeConnection.connect({ address: inject('addresses').temporalAddress });
  client = new Client({ connection });
  target = {
    ...{ client, taskQueue, identity: 'test', namespace: 'default' },
    ...{ deadlineMs: 10_000, start: starter(client.workflowService) },
  };
});

afterAll(() => connection.close());

async function whileWorking<T>(workflowsPath: string, play: () => Promise<T>): Promise<T> {
  const worker = await Worker.create({ connection, taskQueue, workflowsPath });
  return worker.runUntil(play);
}

it('C2: a closed run that cannot be replayed is asked again; one without an inbox has none', async () => {
  const ids = { collected: `c-${randomUUID()}`, kept: `a-${randomUUID()}`, silent: randomUUID() };
  await whileWorking(before, async () => {
    const closed = anEvent({ type: 'closed' });
    const args: Parameters<typeof collect> = [{ first: [closed as never] }];
    await client.workflow.execute(collect, { taskQueue, workflowId: ids.collected, args });
    const handle = await client.workflow.start(account, {
      ...{ taskQueue, workflowId: ids.kept, args: [{}] },
    });
    await handle.signal(eventsSignal, [anEvent()]);
    await handle.signal(endSignal);
    await handle.result();
    const recalled = await recall(target, ids.kept);
    expect(recalled).toMatchObject({ kind: 'closed', inbox: { waiting: [anEvent()] } });
  });
  await whileWorking(now, async () => {
    await client.workflow.execute(keepSilent, { taskQueue, workflowId: ids.silent });
    const unreadable = { kind: 'retry', scope: 'lane', code: 'inbox-unreadable' };
    // It is of another shape now; its type is not there any more.
    expect(await recall(target, ids.collected)).toMatchObject(unreadable);
    expect(await recall(target, ids.kept)).toMatchObject(unreadable);
    expect(await recall(target, ids.silent)).toEqual({ kind: 'closed', inbox: undefined });
  });
});
