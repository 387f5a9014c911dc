/** What routes do to workflows, and what they make of one that is closed or was never there. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { application } from '../../src/bridges/matching/application-source.js';
import {
  cancel,
  signal,
  signalWithStart,
  start,
  update,
  type WhenClosed,
  type WhenMissing,
  type WhenOver,
} from '../../src/bridges/matching/command.js';
import type { Outcome } from '../../src/bridges/engine/engine-ports.js';
import type { EventKind } from '../../src/bridges/matching/event-source.js';
import { ensureHoldingSchema } from '../../src/bridges/holding/holding-schema.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { defineRoute, type Route } from '../../src/bridges/matching/route.js';
import type { Request } from '../../src/bridges/engine/request.js';
import { starter } from '../../src/bridges/temporal/eager-start.js';
import { dispatch } from '../../src/bridges/temporal/temporal.js';
import { ensureTopics } from '../../src/stack/topics.js';
import { type Event, inboxQuery } from '../../src/workflows/index.js';
import {
  askDesk,
  type DeskAsked,
  type DeskClosed,
  type DeskOpened,
  type DeskStopped,
  type DeskTold,
  keepDesk,
  notesQuery,
} from '../support/desk-workflow.js';
import { anEvent } from '../support/records.js';
import { eventually } from '../support/site.js';
import { openTemporalStage, type TemporalStage } from '../support/temporal-stage.js';

const workflowsPath = fileURLToPath(new URL('../support/desk-workflow.ts', import.meta.url));
const taskQueue = `desk-${randomUUID()}`;
const listing = { attributes: {}, summary: 'A desk' };

interface Rules {
  /** How a desk is told: only where it runs, or starting it. */
  readonly tell?: 'signal' | 'signalWithStart';
  readonly whenClosed?: WhenClosed;
  readonly whenOver?: WhenOver;
  readonly whenMissing?: WhenMissing;
  /** In place of the usual ones. */
  readonly routes?: readonly Route[];
}

type DeskEvent = Event<string, { readonly desk: string; readonly n: number }>;

function kindOf<E extends DeskEvent>(type: E['type'], topic: string): EventKind<E> {
  const data = z.object({ desk: z.string(), n: z.number() });
  return { type, sources: [application<E>({ type, topic, data })] };
}

function routesOf(topic: string, rules: Rules): Route[] {
  const { tell = 'signal' } = rules;
  const { whenClosed = 'leave-closed', whenOver = 'leave-closed', whenMissing = 'ignore' } = rules;
  const starting = { listing, whenClosed };
  const reaching = { whenMissing, whenClosed: whenOver };
  const told = kindOf<DeskTold>('desk.told', topic);
  return [
    defineRoute('open', kindOf<DeskOpened>('desk.opened', topic), 'start keepDesk', (event) =>
      start(keepDesk, event.data.desk, event, {}, starting),
    ),
    defineRoute('tell', told, `${tell} keepDesk`, (event) =>
      tell === 'signal'
        ? signal(keepDesk, event.data.desk, event, reaching)
        : signalWithStart(keepDesk, event.data.desk, event, {}, starting),
    ),
    defineRoute('ask', kindOf<DeskAsked>('desk.asked', topic), 'update keepDesk', (event) =>
      update(askDesk, event.data.desk, event, reaching),
    ),
    defineRoute('close', kindOf<DeskClosed>('desk.closed', topic), 'signal keepDesk', (event) =>
      signal(keepDesk, event.data.desk, event, {
        whenMissing: 'ignore',
        whenClosed: 'leave-closed',
      }),
    ),
    defineRoute('stop', kindOf<DeskStopped>('desk.stopped', topic), 'cancel keepDesk', (event) =>
      cancel(event.data.desk, event, 'it was stopped', reaching),
    ),
  ];
}

describe('actions', () => {
  let stage: TemporalStage;

  beforeAll(async () => {
    stage = await openTemporalStage(inject('addresses'));
    await ensureHoldingSchema(stage.pool);
    await stage.worker({ taskQueue, workflowsPath });
  });
  afterEach(() => stage.rest());
  afterAll(() => stage.close());

  /** A topic of one partition, the desk that its events are about, and what bridges decided. */
  const scene = async () => {
    const topic = `desks-${randomUUID().slice(0, 8)}`;
    await ensureTopics(stage.kafka, [{ topic, partitions: 1 }]);
    const bridge = async (groupId: string, rules: Rules = {}) => {
      const outcomes: Outcome[] = [];
      const sent: string[] = [];
      const { halted } = await stage.bridge({
        ...{ taskQueue, groupId: `${topic}-${groupId}`, deadLetterTopic: `${topic}-letters` },
        routes: rules.routes ?? routesOf(topic, rules),
        store: createHoldingStore(stage.pool),
        observer: {
          decided: (outcome) => outcomes.push(outcome),
          sent: ({ kind, events }) => sent.push(`${kind} ${String(events)}`),
        },
      });
      /** What was decided of `count` records, in words. */
      const decided = async (count: number): Promise<string[]> => {
        await eventually(`${String(count)} decisions`, () =>
          Promise.race([halted, Promise.resolve(outcomes.length >= count)]),
        );
        return outcomes.map(({ route, kind, reason }) =>
          [route, kind, ...(reason === undefined ? [] : [reason])].join(' '),
        );
      };
      return { sent, decided };
    };
    const send = async (...events: [what: string, n: number][]): Promise<void> => {
      const messages = events.map(([what, n]) => {
        const id = `${what} ${String(n)}`;
        const data = { desk: topic, n };
        const event = { id, type: `desk.${what}`, occurredAt: new Date().toISOString(), data };
        return { key: topic, value: JSON.stringify(event) };
      });
      await stage.producer.send({ topic, messages });
    };
    const desk = stage.client.workflow.getHandle(topic);
    const notes = (): Promise<readonly string[]> => desk.query(notesQuery);
    const runId = async (): Promise<string> => (await desk.describe()).runId;
    const ended = (as: string): Promise<void> =>
      eventually(`the desk to be ${as}`, async () => (await desk.describe()).status.name === as);
    return { topic, bridge, send, desk, notes, runId, ended };
  };

  it('start: once; another event for the same workflow finds it started', async () => {
    const { bridge, send, notes, runId } = await scene();
    await send(['opened', 1], ['opened', 2]);
    const first = await bridge('1');
    expect(await first.decided(2)).toEqual(['open started', 'open ignored already-started']);
    const run = await runId();
    const again = await bridge('2');
    expect((await again.decided(2))[1]).toBe('open ignored already-started');
    expect([await notes(), await runId()]).toEqual([['opened 1'], run]);
  });

  it('signal with start: what waits for a new workflow is one start, for a running one a signal', async () => {
    const { bridge, send, notes } = await scene();
    await send(['told', 1], ['told', 2], ['told', 3]);
    const { decided, sent } = await bridge('1', { tell: 'signalWithStart' });
    await decided(3);
    const calls = sent.splice(0);
    // The first may leave by itself; together they never take more than one start.
    expect(calls.filter((call) => call.startsWith('start'))).toHaveLength(1);
    await send(['told', 4]);
    expect(new Set(await decided(4))).toEqual(new Set(['tell signalled']));
    expect(sent).toEqual(['signal 1']);
    expect(await notes()).toEqual(['told 1', 'told 2', 'told 3', 'told 4']);
  });

  it.each([
    ['ignore', 'tell ignored workflow-missing'],
    ['dead-letter', 'tell dead-lettered workflow-missing'],
    [{ parkMs: 600_000 }, 'tell parked workflow-missing'],
  ] as const)('a workflow that never was, %j: %s', async (whenMissing, decision) => {
    const { bridge, send } = await scene();
    await send(['told', 1]);
    const { decided } = await bridge('1', { whenMissing });
    expect(await decided(1)).toEqual([decision]);
  });

  it.each([
    ['leave-closed', 'ignored workflow-closed'],
    ['dead-letter', 'dead-lettered workflow-closed'],
  ] as const)('a workflow that is closed, %s: signal, update, cancel %s', async (whenOver, as) => {
    const { bridge, send, ended } = await scene();
    await send(['opened', 1], ['closed', 1]);
    const { decided } = await bridge('1', { whenOver, whenMissing: 'ignore' });
    await decided(2);
    await ended('COMPLETED');
    await send(['told', 2], ['asked', 3], ['stopped', 4]);
    const words = (await decided(5)).slice(2);
    expect(words).toEqual([`tell ${as}`, `ask ${as}`, `stop ${as}`]);
  });

  it('a workflow that is closed, parked: comes to the next run', async () => {
    const { bridge, send, ended, notes } = await scene();
    await send(['opened', 1], ['closed', 1]);
    const rules = { whenOver: { parkMs: 600_000 }, whenClosed: 'start-again' } as const;
    const { decided } = await bridge('1', rules);
    await decided(2);
    await ended('COMPLETED');
    await send(['told', 2]);
    expect((await decided(3))[2]).toBe('tell parked workflow-closed');
    await send(['opened', 3]);
    expect((await decided(5)).slice(3).sort()).toEqual(['open started', 'tell signalled']);
    await eventually('both to be noted', async () => {
      const found = await notes();
      return JSON.stringify(found) === JSON.stringify(['opened 3', 'told 2']);
    });
  });

  it.each([
    ['dead-letter', 'tell dead-lettered workflow-closed'],
    [{ parkMs: 600_000 }, 'tell parked workflow-closed'],
  ] as const)('what a closed run had, and comes again, %j: is none', async (whenOver, set) => {
    const { bridge, send, ended } = await scene();
    await send(['opened', 1], ['told', 1], ['told', 2], ['closed', 1]);
    const first = await bridge('1', { whenOver });
    expect((await first.decided(4)).slice(1)).toEqual([
      ...['tell signalled', 'tell signalled', 'close signalled'],
    ]);
    await ended('COMPLETED');
    await send(['told', 3]);
    // It had committed nothing before it was killed.
    const again = await bridge('2', { whenOver });
    const words = (await again.decided(5)).filter((word) => word.startsWith('tell'));
    expect(words).toEqual(['tell ignored applied-before', 'tell ignored applied-before', set]);
  });

  it('start again: the next run knows what the one before had seen', async () => {
    const { bridge, send, ended, notes, runId } = await scene();
    const rules = { tell: 'signalWithStart', whenClosed: 'start-again' } as const;
    const first = await bridge('1', rules);
    await send(['told', 1]);
    await first.decided(1);
    await send(['told', 2], ['closed', 1]);
    await first.decided(3);
    await ended('COMPLETED');
    const run = await runId();
    // It reads them together: another request than those which the server has seen.
    const second = await bridge('2', rules);
    expect(await second.decided(3)).toEqual([
      'tell ignored applied-before',
      'tell ignored applied-before',
      'close ignored applied-before',
    ]);
    expect(await runId()).toBe(run);
    await send(['told', 3]);
    expect((await first.decided(4))[3]).toBe('tell signalled');
    await second.decided(4);
    expect(await runId()).not.toBe(run);
    const third = await bridge('3', rules);
    await third.decided(4);
    await send(['told', 4]);
    await third.decided(5);
    await eventually('4 to be noted', async () => (await notes()).includes('told 4'));
    expect(await notes()).toEqual(['told 3', 'told 4']);
  });

  it('start again: the same request is one start, also when its run has closed meanwhile', async () => {
    const { topic, runId, ended } = await scene();
    const { client } = stage;
    const target = {
      ...{ client, namespace: 'default', taskQueue, identity: 'a test' },
      ...{ deadlineMs: 10_000, start: starter(client.workflowService) },
    };
    const events = ['opened', 'closed'].map((what) =>
      anEvent({ id: what, type: `desk.${what}`, data: { desk: topic, n: 1 } }),
    );
    const request: Request = {
      kind: 'start',
      ...{ workflowId: topic, workflow: keepDesk.name, settings: {}, listing },
      ...{ events, skipped: [], again: true },
    };
    const ask = () => dispatch(target, request);
    expect(await ask()).toEqual({ kind: 'done' });
    await ended('COMPLETED');
    const run = await runId();
    expect([await ask(), await runId()]).toEqual([{ kind: 'done' }, run]);
  });

  it('one id at two offsets acts once: start, signal, update; in the next run too', async () => {
    const { bridge, send, desk, notes, ended } = await scene();
    const rules = { tell: 'signalWithStart', whenClosed: 'start-again' } as const;
    const { decided } = await bridge('1', rules);
    await send(['opened', 1], ['told', 1], ['asked', 5], ['told', 2], ['told', 3]);
    await send(['told', 1], ['asked', 5], ['opened', 1], ['told', 3], ['told', 4]);
    await decided(10);
    await eventually('all to be noted', async () => (await notes()).includes('told 4'));
    const told = ['told 1', 'told 2', 'told 3', 'told 4'];
    expect([...(await notes())].sort()).toEqual(['asked 5', 'opened 1', ...told]);
    expect((await notes()).filter((note) => told.includes(note))).toEqual(told);
    // The update was told to be the one that was answered already; the start found its workflow.
    expect((await desk.query(inboxQuery)).duplicates).toBe(2);
    await send(['closed', 1]);
    await ended('COMPLETED');
    await send(['told', 2], ['opened', 1]);
    expect((await decided(13)).slice(11)).toEqual([
      ...['tell ignored applied-before', 'open ignored applied-before'],
    ]);
    await send(['told', 6], ['told', 3], ['told', 7]);
    await eventually('the next run to note', async () => (await notes()).includes('told 7'));
    expect(await notes()).toEqual(['told 6', 'told 7']);
  });

  it('a row of the outbox that its connector publishes again, hundreds of events later', async () => {
    const { topic, bridge, send, notes } = await scene();
    const { decided } = await bridge('1');
    await send(['opened', 0]);
    await decided(1);
    const rows = Array.from({ length: 300 }, (_, n) => ({
      ...{ key: topic, value: JSON.stringify({ desk: topic, n }) },
      headers: { id: randomUUID(), eventType: 'desk.told' },
    }));
    await stage.producer.send({ topic, messages: rows });
    await eventually('the rows to be noted', async () => (await notes()).length === 301);
    // As after its crash: from where it had last written down how far it was.
    await stage.producer.send({ topic, messages: rows.slice(40) });
    await send(['told', 300]);
    await eventually('what follows', async () => (await notes()).at(-1) === 'told 300');
    expect((await notes()).slice(1)).toEqual(
      Array.from({ length: 301 }, (_, n) => `told ${String(n)}`),
    );
  });

  it('update: settled by its answer; refused it is a dead letter; repeated it is done once', async () => {
    const { bridge, send, notes } = await scene();
    await send(['opened', 1], ['asked', 5], ['asked', 0], ['asked', -1], ['asked', 6]);
    const words = [
      'ask updated',
      'ask dead-lettered update-refused',
      'ask dead-lettered update-refused',
      'ask updated',
    ];
    const first = await bridge('1');
    expect(await first.decided(5)).toEqual(['open started', ...words]);
    const asked = async () => (await notes()).filter((note) => note.startsWith('asked'));
    expect(await asked()).toEqual(['asked 5', 'asked 6']);
    const again = await bridge('2');
    // A group of its own: it holds what is refused, too.
    expect((await again.decided(5)).slice(1)).toEqual(words);
    expect(await asked()).toEqual(['asked 5', 'asked 6']);
  });

  it('cancel: asks a running workflow to end', async () => {
    const { bridge, send, ended } = await scene();
    await send(['opened', 1], ['stopped', 2]);
    const { decided } = await bridge('1');
    expect(await decided(2)).toEqual(['open started', 'stop cancelled']);
    await ended('CANCELLED');
    const again = await bridge('2');
    // What was asked for has come to pass: a repetition is no other word.
    expect((await again.decided(2))[1]).toBe('stop cancelled');
  });

  it('several routes of one event: each has its own decision, and the record settles with the last', async () => {
    const { topic, bridge, send, notes } = await scene();
    const called = kindOf<DeskTold>('desk.told', topic);
    const starting = { listing, whenClosed: 'leave-closed' } as const;
    const strict = { whenMissing: 'dead-letter', whenClosed: 'dead-letter' } as const;
    const routes = [
      defineRoute('found', called, 'start keepDesk', (event) =>
        start(keepDesk, topic, event, {}, starting),
      ),
      defineRoute('missed', called, 'signal keepDesk', (event) =>
        signal(keepDesk, `${topic}-nobody`, event, strict),
      ),
      defineRoute('refused', called, 'start keepDesk', (event) =>
        start(keepDesk, `${topic}${'-long'.repeat(500)}`, event, {}, starting),
      ),
      defineRoute('unconcerned', called, 'signal keepDesk', () => undefined),
    ];
    await send(['told', 1]);
    const { decided } = await bridge('1', { routes });
    expect((await decided(4)).sort()).toEqual([
      'found started',
      'missed dead-lettered workflow-missing',
      'refused dead-lettered refused-arguments',
      'unconcerned ignored not-concerned',
    ]);
    const admin = stage.kafka.admin();
    await admin.connect();
    stage.untilRest({ stop: () => admin.disconnect() });
    await eventually('its offset to be committed', async () => {
      const groupId = `${topic}-1`;
      const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
      return offsets?.partitions[0]?.offset === '1';
    });
    await eventually('it to be noted', async () => (await notes())[0] === 'told 1');
  });
});
