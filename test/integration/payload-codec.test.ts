/**
 * Where client and worker have a codec, as for encryption, so does the bridge: nothing of its reaches
 * the server in the clear, and it can read what it is answered.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { ApplicationFailure, type DataConverter } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Request, RunRequest } from '../../src/bridges/engine/request.js';
import { starter } from '../../src/bridges/temporal/eager-start.js';
import { callingOnce } from '../../src/bridges/temporal/single-calls.js';
import { dispatch, type Target } from '../../src/bridges/temporal/temporal.js';
import { inboxOf, recall } from '../../src/bridges/temporal/temporal-updates.js';
import { type RunningWorker, runWorker } from '../../src/worker.js';
import type { Event } from '../../src/workflows/index.js';
import { keepDesk, notesQuery } from '../support/desk-workflow.js';
import { withoutActivities } from '../support/older-server.js';
import { anEvent } from '../support/records.js';
import { eventually } from '../support/site.js';
import { veil } from '../support/veil.js';

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const dataConverter: DataConverter = { payloadCodecs: [veil] };
const taskQueue = `veiled-${randomUUID()}`;
const secret = 'nobody may read this';

/** Effects that succeed, or refuse in words that are a secret. */
const activities = {
  one: ({ data }: Event): Promise<void> => {
    if (data === 'bad') throw ApplicationFailure.nonRetryable(secret);
    return Promise.resolve();
  },
  many: (events: readonly Event[]) =>
    Promise.resolve(
      events.map(({ data }) =>
        data === 'bad' ? { status: 'reject', reason: secret } : { status: 'done' },
      ),
    ),
};

describe('a codec', () => {
  let connection: NativeConnection;
  let client: Client;
  let worker: RunningWorker;
  let target: Target;
  let older: Target;

  beforeAll(async () => {
    connection = await NativeConnection.connect({ address: inject('addresses').temporalAddress });
    client = new Client({ connection, dataConverter });
    const workflowsPath = pathOf('../support/veiled-workflows.ts');
    const worked = { taskQueue, workflowsPath, activities, dataConverter };
    worker = await runWorker({ connection, namespace: 'default', ...worked });
    const targetOf = (given: Client): Target => {
      const once = callingOnce(given);
      return {
        ...{ client: once, start: starter(once.workflowService), namespace: 'default', taskQueue },
        ...{ identity: 'a test', deadlineMs: 10_000 },
      };
    };
    target = targetOf(client);
    older = targetOf(new Client({ connection: withoutActivities(connection), dataConverter }));
  });
  afterAll(async () => {
    await worker.stop();
    await connection.close();
  });

  const eventOf = (what: string, n: number, at = n): Event =>
    anEvent({
      ...{ id: `${what} ${String(n)}`, type: `desk.${what}`, data: { desk: secret, n } },
      position: { source: 'kafka:t#0/0', at: String(at).padStart(20, '0') },
    });

  it('start, signal, update, the answers to them, and what the inbox has seen', async () => {
    const workflowId = `veiled-${randomUUID()}`;
    const about = { workflowId, workflow: keepDesk.name, settings: { secret }, again: false };
    const listing = { attributes: {}, summary: secret };
    const sent: Request[] = [
      { kind: 'start', ...about, listing, events: [eventOf('opened', 1)], skipped: [] },
      { kind: 'signal', workflowId, events: [eventOf('told', 2)], skipped: [] },
      { kind: 'update', workflowId, update: 'ask', event: eventOf('asked', 3), skipped: [] },
    ];
    for (const request of sent) expect(await dispatch(target, request)).toEqual({ kind: 'done' });
    const event = eventOf('asked', -1, 4);
    const refused = { kind: 'update', workflowId, update: 'ask', event, skipped: [] } as const;
    expect(await dispatch(target, refused)).toMatchObject({ detail: 'nothing is below zero' });
    const desk = client.workflow.getHandle<typeof keepDesk>(workflowId);
    // An update is answered at once; what was signalled waits for its turn.
    const notes = await desk.query(notesQuery);
    expect([...notes].sort()).toEqual(['asked 3', 'opened 1', 'told 2']);
    expect(await inboxOf(target, workflowId)).toMatchObject({
      kind: 'seen',
      inbox: { marks: { 'kafka:t#0/0': { at: '4'.padStart(20, '0') } } },
    });
    await dispatch(target, {
      ...{ kind: 'signal', workflowId, events: [eventOf('closed', 5)], skipped: [] },
    });
    await eventually('it to end', async () => (await desk.describe()).status.name === 'COMPLETED');
    expect(await recall(target, workflowId)).toMatchObject({ kind: 'closed' });
    expect(await (await desk.describe()).staticSummary()).toBe(secret);
    const text = await textOf(workflowId);
    // The start's argument and its summary, and what came after.
    expect(text.split('test/veiled').length).toBeGreaterThan(5);
    expect(text).not.toContain(secret);
  });

  it.each(['standalone', 'in a workflow'])('effects, %s, and what they answer', async (how) => {
    const at = how === 'standalone' ? target : older;
    const good = anEvent({ id: randomUUID(), data: secret });
    const bad = anEvent({ id: randomUUID(), data: 'bad' });
    const run = (takes: 'one' | 'list', ...events: Event[]): RunRequest => ({
      ...{ kind: 'run', activity: takes === 'one' ? 'one' : 'many', takes, events },
      startToCloseMs: 10_000,
    });
    expect(await dispatch(at, run('one', good))).toEqual({ kind: 'done' });
    expect(await dispatch(at, run('one', bad))).toEqual({
      ...{ kind: 'reject', reason: 'effect-refused', detail: secret },
    });
    expect(await dispatch(at, run('list', good, bad))).toEqual({
      kind: 'ran',
      outcomes: [{ status: 'done' }, { status: 'reject', reason: secret }],
    });
  });

  /** All that the server knows of the run, in the clear. */
  async function textOf(workflowId: string): Promise<string> {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return textsOf(events).join(' ');
  }
});

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString()];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
