/** An update that its workflow refused did not happen: redriven, its workflow is asked anew. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { starter } from '../../src/bridges/temporal/eager-start.js';
import { dispatch, type Target } from '../../src/bridges/temporal/temporal.js';
import type { Event } from '../../src/workflows/index.js';
import { askDesk, keepDesk, notesQuery } from '../support/desk-workflow.js';
import { anEvent } from '../support/records.js';
import { eventually } from '../support/site.js';

const workflowsPath = fileURLToPath(new URL('../support/desk-workflow.ts', import.meta.url));
const taskQueue = `update-redrive-${randomUUID()}`;

let connection: NativeConnection;
let client: Client;
let target: Target;
let worker: Worker;
let working: Promise<void>;

beforeAll(async () => {
  connection = await NativeConnection.connect({ address: inject('addresses').temporalAddress });
  client = new Client({ connection });
  target = {
    ...{ client, taskQueue, identity: 'test', namespace: 'default' },
    ...{ deadlineMs: 10_000, start: starter(client.workflowService) },
  };
  worker = await Worker.create({ connection, taskQueue, workflowsPath });
  working = worker.run();
});

afterAll(async () => {
  worker.shutdown();
  await working;
  await connection.close();
});

/** A desk, what it is asked and told as events of one partition, and what it noted of that. */
async function aDesk() {
  const workflowId = `desk-${randomUUID()}`;
  let offset = 0;
  const eventOf = (what: string, n: number): Event => {
    offset += 1;
    const position = { source: 's', at: String(offset).padStart(20, '0') };
    const data = { desk: workflowId, n };
    return anEvent({ id: `${what} ${String(n)}`, type: `desk.${what}`, position, data });
  };
  const start = { kind: 'start', workflowId, workflow: keepDesk.name, settings: {} } as const;
  const listing = { attributes: {}, summary: '' };
  const first = { events: [eventOf('opened', 1)], skipped: [], again: false };
  await dispatch(target, { ...start, listing, ...first });
  const send = async (event: Event, late?: 'held') => {
    const update = { kind: 'update', workflowId, update: askDesk.name, skipped: [] } as const;
    const asked = { ...event, ...(late === undefined ? {} : { late }) };
    const verdict = await dispatch(target, { ...update, event: asked });
    return verdict.kind === 'reject' ? `${verdict.reason}: ${verdict.detail}` : verdict.kind;
  };
  const notes = () => client.workflow.getHandle(workflowId).query(notesQuery);
  const tell = async (n: number): Promise<void> => {
    const events = [eventOf('told', n)];
    await dispatch(target, { kind: 'signal', workflowId, events, skipped: [] });
    await eventually('it is told', async () => (await notes()).includes(`told ${String(n)}`));
  };
  return { ask: (n: number) => eventOf('asked', n), send, tell, notes };
}

it('I8: refused for what an activity said, redriven until it goes through, then never again', async () => {
  const { ask, send, tell, notes } = await aDesk();
  const event = ask(101);
  const refused = expect.stringMatching(/^update-refused: .*(timed out|timeout)/i) as string;
  expect(await send(event)).toEqual(refused);
  expect(await send(ask(5))).toBe('done');
  expect(await send(event)).toEqual(refused);
  expect(await send(event, 'held')).toEqual(refused);
  expect(await send(event, 'held')).toEqual(refused);
  await tell(101);
  expect(await send(event)).toEqual(refused);
  expect(await send(event, 'held')).toBe('done');
  expect(await send(event, 'held')).toBe('done');
  expect((await notes()).filter((note) => note === 'asked 101')).toHaveLength(1);
});

it('I8: what is refused by the handler alone is asked anew too', async () => {
  const { ask, send } = await aDesk();
  const event = ask(-1);
  for (const late of [undefined, 'held', 'held'] as const) {
    expect(await send(event, late)).toBe('update-refused: nothing is below zero');
  }
});

it('late, a repetition of which nobody knows the answer any more is not told as done', async () => {
  const { ask, send } = await aDesk();
  const event = ask(7);
  expect(await send(event)).toBe('done');
  for (let n = 10; n < 27; n += 1) expect(await send(ask(n))).toBe('done');
  expect(await send(event, 'held')).toMatch(/^inbox-forgot: /);
  expect(await send(event)).toBe('done');
});
