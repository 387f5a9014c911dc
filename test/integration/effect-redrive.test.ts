/**
 * A single effect acts once under its event, however often it is asked for or published; but what
 * failed is run again when it is redriven, whether the server has standalone activities or not.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { starter } from '../../src/bridges/temporal/eager-start.js';
import type { RunRequest } from '../../src/bridges/engine/request.js';
import { dispatch, type Target } from '../../src/bridges/temporal/temporal.js';
import type { Event } from '../../src/workflows/index.js';
import { anEvent } from '../support/records.js';

const workflowsPath = fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url));
const taskQueue = `effects-${randomUUID()}`;
const unimplemented = 12;
/** By event: how often its effect was run. */
const runs = new Map<string, number>();

let connections: [NativeConnection, NativeConnection];
let worker: Worker;
let working: Promise<void>;

/** Refuses each event twice. */
function refuseTwice({ id }: Event): Promise<void> {
  const count = (runs.get(id) ?? 0) + 1;
  runs.set(id, count);
  if (count <= 2) throw ApplicationFailure.nonRetryable(`refused ${String(count)}`);
  return Promise.resolve();
}

beforeAll(async () => {
  const address = inject('addresses').temporalAddress;
  const connect = () => NativeConnection.connect({ address });
  connections = await Promise.all([connect(), connect()]);
  const [connection] = connections;
  worker = await Worker.create({
    ...{ connection, taskQueue, workflowsPath },
    activities: { refuseTwice },
  });
  working = worker.run();
});

afterAll(async () => {
  worker.shutdown();
  await working;
  for (const connection of connections) await connection.close();
});

/** A target over a connection of its own; `old`: its server has no standalone activities. */
function aTarget(at: 0 | 1, old: boolean): Target {
  const client = new Client({ connection: connections[at] });
  const { workflowService } = client;
  const without = new Proxy(workflowService, {
    get: (service, name) =>
      name === 'startActivityExecution'
        ? () =>
            Promise.reject(
              Object.assign(new Error('unimplemented'), {
                ...{ code: unimplemented, details: 'unimplemented', metadata: { get: () => [] } },
              }),
            )
        : (Reflect.get(service, name) as unknown),
  });
  const aged = old
    ? (Object.create(client, { workflowService: { value: without } }) as Client)
    : client;
  return {
    ...{ client: aged, taskQueue, identity: 'test', namespace: 'default' },
    ...{ deadlineMs: 10_000, start: starter(aged.workflowService) },
  };
}

it.each([
  ['standalone activities', 0, false],
  ['a server without them', 1, true],
] as const)(
  '%s: refused and redriven until it goes through, then never again',
  async (_, at, old) => {
    const target = aTarget(at, old);
    const event = anEvent({ id: `e-${randomUUID()}`, type: 'charged', ownId: true });
    const ask = (late?: 'undecided', more: Partial<Event> = {}) => {
      const events = [{ ...event, ...(late === undefined ? {} : { late }), ...more }];
      const run: RunRequest = {
        ...{ kind: 'run', activity: 'refuseTwice', takes: 'one', startToCloseMs: 10_000, events },
      };
      return dispatch(target, run);
    };
    const refused = (count: number) => ({
      kind: 'reject',
      reason: 'effect-refused',
      detail: `refused ${String(count)}`,
    });
    expect(await ask()).toEqual(refused(1));
    expect(await ask('undecided')).toEqual(refused(2));
    expect(await ask('undecided')).toEqual({ kind: 'done' });
    expect(await ask('undecided')).toEqual({ kind: 'done' });
    expect(await ask()).toEqual({ kind: 'done' });
    const position = { ...event.position, at: '9'.padStart(20, '0') };
    // Published again at another place, it is the same event.
    expect(await ask(undefined, { position })).toEqual({ kind: 'done' });
    expect(runs.get(event.id)).toBe(3);
    expect(await ask(undefined, { type: 'refunded' })).toEqual({ kind: 'done' });
    expect(runs.get(event.id)).toBe(4);
  },
);
