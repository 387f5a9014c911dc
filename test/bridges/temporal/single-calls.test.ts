/** What the server refuses, the engine is told: one call of the server, one verdict. */
import { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterEach, expect, test } from 'vitest';
import { starter } from '../../../src/bridges/temporal/eager-start.js';
import { callingOnce } from '../../../src/bridges/temporal/single-calls.js';
import { dispatch } from '../../../src/bridges/temporal/temporal.js';
import { inboxOf } from '../../../src/bridges/temporal/temporal-updates.js';
import { type FakeTemporal, fakeTemporal } from '../../support/fake-temporal.js';
import { anEvent } from '../../support/records.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A server, and the calls of a bridge that is connected to it. */
async function stage(...how: Parameters<typeof fakeTemporal>): Promise<{
  server: FakeTemporal;
  client: Client;
  send: (deadlineMs?: number) => ReturnType<typeof dispatch>;
  update: (deadlineMs?: number) => ReturnType<typeof dispatch>;
  ask: (deadlineMs?: number) => ReturnType<typeof inboxOf>;
}> {
  const server = await fakeTemporal(...how);
  open.push(server);
  const { address } = server;
  const connection = await NativeConnection.connect({ address, metadata: { who: 'test' } });
  open.push(connection);
  const client = new Client({ connection });
  const once = callingOnce(client);
  const target = {
    ...{ client: once, start: starter(once.workflowService), namespace: 'n', taskQueue: 'q' },
    identity: 'test',
  };
  const send = (deadlineMs = 10_000) =>
    dispatch(
      { ...target, deadlineMs },
      { kind: 'signal', workflowId: 'w', events: [anEvent()], skipped: [] },
    );
  const update = (deadlineMs = 10_000) =>
    dispatch(
      { ...target, deadlineMs },
      { kind: 'update', workflowId: 'w', update: 'u', event: anEvent(), skipped: [] },
    );
  const ask = (deadlineMs = 10_000) => inboxOf({ ...target, deadlineMs }, 'w');
  return { server, client, send, update, ask };
}

test.each([
  [8, 'resource-exhausted'],
  [14, 'unavailable'],
  [13, 'internal'],
  [10, 'aborted'],
  [2, 'unknown'],
])('status %i is told at once, after one call', async (code, word) => {
  const { server, send } = await stage(() => code);
  expect(await send()).toMatchObject({ kind: 'retry', scope: 'all', code: word });
  expect(server.asked.map(({ method }) => method)).toEqual(['SignalWorkflowExecution']);
});

test('what is taken is done, after one call with the connection’s metadata', async () => {
  const { server, send } = await stage(() => 0);
  expect(await send()).toEqual({ kind: 'done' });
  expect(server.asked).toHaveLength(1);
  expect(server.asked[0]?.headers).toMatchObject({ who: 'test' });
});

test('a call without an answer ends with its deadline', async () => {
  const { server, send } = await stage(() => undefined);
  expect(await send(200)).toMatchObject({ kind: 'retry', scope: 'all' });
  expect(server.asked).toHaveLength(1);
});

test('where a worker must answer, the end of a deadline concerns one workflow', async () => {
  const { server, update, ask } = await stage(() => undefined);
  expect(await update(200)).toMatchObject({ kind: 'retry', scope: 'lane' });
  expect(await ask(200)).toMatchObject({ kind: 'retry', scope: 'lane' });
  expect(server.asked).toHaveLength(2);
});

test('what the server refuses of an update or a question concerns all', async () => {
  const { update, ask } = await stage(() => 14);
  expect(await update()).toMatchObject({ kind: 'retry', scope: 'all' });
  expect(await ask()).toMatchObject({ kind: 'retry', scope: 'all' });
});

test('by itself a NativeConnection repeats, or none of this would be needed', async () => {
  const { server, client } = await stage((_method, time) => (time === 1 ? 14 : 0));
  await client.workflowService.signalWorkflowExecution({ namespace: 'n' });
  expect(server.asked).toHaveLength(2);
});
