/** What authors of workflows see of the inbox: handlers, and answers to updates. */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsSignal, inboxQuery } from '../../src/workflows/index.js';
import { Inbox, type Opening } from '../../src/workflows/inbox.js';
import {
  account,
  type Deposited,
  depositUpdate,
  endSignal,
  handleLateSignal,
  handOver,
  type Letter,
  renewSignal,
} from '../support/inbox-workflows.js';
import { FakeWorld, Stream, until, WorkflowStage } from '../support/workflow-world.js';

const workflowsPath = fileURLToPath(new URL('../support/inbox-workflows.ts', import.meta.url));
let stage: WorkflowStage;

beforeAll(async () => {
  stage = await WorkflowStage.open(undefined, workflowsPath);
});

afterAll(() => stage.close());

function run<W extends Workflow, T>(
  workflow: W,
  input: unknown,
  play: (handle: WorkflowHandle<W>) => Promise<T>,
): Promise<T> {
  const workflowId = `${workflow.name}-${randomUUID()}`;
  return stage.run({ workflow, workflowId, input, world: new FakeWorld() }, play);
}

describe('handlers', () => {
  it('I6: get their events one at a time, in order; what has no handler yet is kept', async () => {
    const stream = new Stream();
    const letter = (type: Letter['type'], data: string): Letter => stream.event(type, data);
    const first = [letter('a', 'a1'), letter('late', 'kept'), letter('b', 'b1'), letter('a', 'a2')];
    const order = await run(handOver, { first }, async (handle) => {
      await handle.signal(eventsSignal, [...first.slice(1), letter('b', 'b2')]);
      await until(async () => (await handle.query(inboxQuery)).waiting.length === 1);
      await handle.signal(handleLateSignal);
      await handle.signal(eventsSignal, [letter('b', 'last')]);
      return handle.result();
    });
    expect(order).toEqual([
      ...['begin a1', 'a1', 'b1', 'begin a2', 'a2', 'b2', 'kept', 'last', 'until'],
    ]);
  });

  it('end with the timeout, which one timer serves', async () => {
    const stream = new Stream();
    const first = [stream.event<Letter>('b', 'b1'), stream.event<Letter>('b', 'b2')];
    const [order, timers] = await run(handOver, { first }, async (handle) => {
      const result = await handle.result();
      const { events } = await handle.fetchHistory();
      return [result, events?.filter((event) => event.timerStartedEventAttributes != null).length];
    });
    expect(order).toEqual(['b1', 'b2', 'timeout']);
    expect(timers).toBe(1);
  });
});

describe('I8: answers', () => {
  const deposit = (stream: Stream, amount: number): Deposited =>
    stream.event<Deposited>('deposited', { amount });
  const send = (handle: WorkflowHandle<typeof account>, event: Deposited) =>
    handle.executeUpdate(depositUpdate, { args: [event] });

  it('are given once, also to those who ask again, also after continue-as-new', async () => {
    const stream = new Stream();
    const deposits = Array.from({ length: 18 }, () => deposit(stream, 1));
    const oldest = deposit(new Stream('other'), 1);
    await run(account, {}, async (handle) => {
      const [one, two] = await Promise.all([send(handle, oldest), send(handle, oldest)]);
      expect([one, two]).toEqual([answered(1), answered(1)]);
      const { runId } = await handle.describe();
      await handle.signal(renewSignal);
      await until(async () => (await handle.describe()).runId !== runId);
      expect(await send(handle, oldest)).toEqual(answered(1));
      for (const [index, event] of deposits.entries()) {
        expect(await send(handle, event)).toEqual(answered(index + 2));
      }
      expect(await send(handle, oldest)).toEqual({ kind: 'duplicate' });
      await handle.signal(endSignal);
      expect(await handle.result()).toBe(19);
      const { duplicates } = await handle.query(inboxQuery);
      expect(duplicates).toBe(3);
    });
  });

  it('are refused by the validator without a trace, and a failure is an answer', async () => {
    const stream = new Stream();
    await run(account, { balance: 99 }, async (handle) => {
      const refused = deposit(stream, 0);
      const unlucky = deposit(stream, 13);
      const last = deposit(stream, 2);
      const failureOf = async (event: Deposited): Promise<unknown> => {
        const error: unknown = await send(handle, event).catch((reason: unknown) => reason);
        return error instanceof WorkflowUpdateFailedError ? error.cause?.message : error;
      };
      expect(await failureOf(refused)).toBe('not positive');
      expect((await handle.query(inboxQuery)).marks).toEqual({});
      expect([await failureOf(unlucky), await failureOf(unlucky)]).toEqual(['unlucky', 'unlucky']);
      expect(await send(handle, last)).toEqual(answered(101));
      // A repetition is not validated again: the answer was given when it held.
      expect(await send(handle, last)).toEqual(answered(101));
      expect(await failureOf(deposit(stream, 1))).toBe('full');
      await handle.signal(endSignal);
      await handle.result();
    });
  });

  it('are not given to what was refused: redriven, its handler is asked anew, for as long as it takes', async () => {
    const stream = new Stream();
    const early = deposit(stream, 7);
    const late = { ...early, late: 'held' } as const;
    const failureOf = async (handle: WorkflowHandle<typeof account>, event: Deposited) => {
      const error: unknown = await send(handle, event).catch((reason: unknown) => reason);
      return error instanceof WorkflowUpdateFailedError ? error.cause?.message : error;
    };
    await run(account, {}, async (handle) => {
      expect(await failureOf(handle, early)).toBe('empty');
      // It repeats: nothing else is said of it, whatever has become of the balance.
      expect(await failureOf(handle, early)).toBe('empty');
      expect(await failureOf(handle, late)).toBe('empty');
      for (let count = 1; count <= 17; count += 1) {
        expect(await send(handle, deposit(stream, 1))).toEqual(answered(count));
      }
      expect(await failureOf(handle, early)).toBe('empty');
      const { runId } = await handle.describe();
      await handle.signal(renewSignal);
      await until(async () => (await handle.describe()).runId !== runId);
      expect(await Promise.all([send(handle, late), send(handle, late)])).toEqual([
        ...[answered(24), answered(24)],
      ]);
      expect([await send(handle, late), await send(handle, early)]).toEqual([
        ...[answered(24), answered(24)],
      ]);
      expect((await handle.query(inboxQuery)).duplicates).toBe(5);
      await handle.signal(endSignal);
      expect(await handle.result()).toBe(24);
    });
  });

  it('I9: are given once to a fact that is published at two places, and are asked for by both', async () => {
    const stream = new Stream();
    const fact = (): Deposited => ({ ...deposit(stream, 5), id: 'd', ownId: true });
    await run(account, {}, async (handle) => {
      expect(await Promise.all([send(handle, fact()), send(handle, fact())])).toEqual([
        ...[answered(5), answered(5)],
      ]);
      expect(await send(handle, fact())).toEqual(answered(5));
      await handle.signal(endSignal);
      expect(await handle.result()).toBe(5);
    });
  });

  const answered = (balance: number) => ({ kind: 'answered', result: { balance } });
});

describe('types', () => {
  it('a handler gets what its type carries, and only types of the workflow are known', () => {
    const inbox = new Inbox<Letter | Deposited>();
    inbox.on('deposited', ({ data }) => {
      data.amount.toFixed();
    });
    inbox.on('a', ({ data }) => {
      // @ts-expect-error: a letter carries no amount
      expect(data.amount).toBe(1);
    });
    // @ts-expect-error: no such event
    inbox.on('unknown', () => undefined);
    // @ts-expect-error: no such event
    expect(inbox.poll('unknown')).toBeUndefined();
    // @ts-expect-error: the answer is the balance
    const wrong: Parameters<typeof inbox.answer<string, Deposited>>[0] = depositUpdate;
    expect(wrong.name).toBe('deposit');
    const deposited = new Stream().event<Deposited>('deposited', { amount: 1 });
    // @ts-expect-error: an event of another workflow
    const opening: Opening<Letter> = { first: [deposited] };
    expect(opening).toBeDefined();
  });
});
