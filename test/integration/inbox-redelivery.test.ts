/** Events that a server or a bridge brings again: after reset, continue-as-new and close. */
import { randomUUID } from 'node:crypto';
import { temporal } from '@temporalio/proto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { inboxQuery } from '../../src/workflows/index.js';
import { InboxStage } from '../support/inbox-stage.js';
import { type CollectEvent, collect } from '../support/inbox-workflows.js';
import { anEvent } from '../support/records.js';
import { eventually } from '../support/site.js';

const { ResetWorkflowExecutionRequest } = temporal.api.workflowservice.v1;

let stage: InboxStage;

beforeAll(async () => {
  stage = await InboxStage.open(inject('addresses'));
});

afterAll(() => stage.close());

const from = 's';
const position = (n: number) => ({ source: from, at: String(n).padStart(20, '0') });

function added(n: number, late?: 'held' | 'undecided'): CollectEvent {
  const event = { id: `s:${String(n)}`, type: 'added', position: position(n), data: { from, n } };
  return { ...anEvent(event), ...(late === undefined ? {} : { late }) } as CollectEvent;
}

const closed = (n: number) =>
  anEvent({ id: `closed ${String(n)}`, type: 'closed', position: position(n) }) as CollectEvent;

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => added(first + index));

const tally = (count: number, last = count - 1, disordered = 0) => ({ count, last, disordered });

/** Sends one signal and waits until a task has seen it, so that there is a task to reset to. */
async function apply(workflowId: string, events: readonly CollectEvent[]): Promise<void> {
  await stage.signal(workflowId, events);
  const at = events.at(-1)?.position.at;
  await eventually('the events are accepted', async () => {
    const { marks } = await stage.client.workflow.getHandle(workflowId).query(inboxQuery);
    return marks[from]?.at === at;
  });
}

it('I1: a reset brings the signals again, and each event acts once in the run that results', async () => {
  const workflowId = `reset-${randomUUID()}`;
  const handle = await stage.start(collect, workflowId, { first: range(0, 1) });
  await apply(workflowId, range(2, 4));
  await apply(workflowId, range(3, 6));
  await apply(workflowId, range(7, 9));
  const { events } = await handle.fetchHistory();
  const tasks = (events ?? []).filter(
    (event) => event.workflowTaskCompletedEventAttributes != null,
  );
  expect(tasks.length).toBeGreaterThan(2);
  await stage.client.workflowService.resetWorkflowExecution(
    ResetWorkflowExecutionRequest.fromObject({
      namespace: 'default',
      workflowExecution: { workflowId },
      workflowTaskFinishEventId: String(tasks[1]?.eventId),
      reason: 'a test',
      requestId: randomUUID(),
    }),
  );
  await stage.signal(workflowId, [...range(5, 11), closed(12)]);
  const { tallies, duplicates } = await stage.client.workflow
    .getHandle<typeof collect>(workflowId)
    .result();
  expect(tallies).toEqual({ [from]: tally(12) });
  expect(duplicates).toBe(2 + 5);
});

it('I7: the next run knows what the one before applied, and what it passed over', async () => {
  const workflowId = `renewed-${randomUUID()}`;
  const before = stage.duplicates();
  const skipped = [{ id: 's:1', position: position(1) }];
  const handle = await stage.start(collect, workflowId, { first: [added(0), added(2)], skipped });
  const { runId } = await handle.describe();
  // More signals than a run takes.
  for (let n = 4; n < 260; n += 1) await stage.signal(workflowId, range(n - 2, n));
  const newest = stage.client.workflow.getHandle(workflowId);
  await eventually('it has handed over', async () => {
    return (await newest.describe()).runId !== runId;
  });
  await stage.signal(workflowId, [...range(2, 5), added(1, 'held'), added(1, 'held'), closed(300)]);
  const { tallies, runs, duplicates } = await handle.result();
  expect(runs).toBeGreaterThan(1);
  expect(tallies).toEqual({ [from]: tally(260, 1, 2) });
  expect(duplicates).toBe(1 + 255 * 2 + 4 + 1);
  // A task that the server refuses and runs again counts again.
  await eventually('the metrics say so', () =>
    Promise.resolve(stage.duplicates() - before >= duplicates),
  );
});

it('I7: a closed run says what it applied, and the next one begins with it', async () => {
  const workflowId = `again-${randomUUID()}`;
  const first = await stage.start(collect, workflowId, { first: range(0, 5) });
  const after = added(7);
  // What comes behind the end is accepted, and not taken any more.
  await stage.signal(workflowId, [closed(6), after]);
  expect((await first.result()).tallies).toEqual({ [from]: tally(6) });
  const inbox = await first.query(inboxQuery);
  expect(inbox.waiting).toEqual([after]);
  const carried = inbox as typeof inbox & { readonly waiting: readonly CollectEvent[] };
  const second = await stage.start(collect, workflowId, { first: range(4, 8), inbox: carried });
  await stage.signal(workflowId, [...range(0, 9), closed(10)]);
  expect((await second.result()).tallies).toEqual({ [from]: tally(3, 9, 1) });
});
