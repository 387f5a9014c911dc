/** What a request comes to where its workflow is not what it was a moment before. */
import { expect, test } from 'vitest';
import {
  type Recollection,
  RequestExecutor,
  type RequestExecutorPorts,
} from '../../../src/bridges/engine/request-executor.js';
import { dispositionOf } from '../../../src/bridges/engine/disposition.js';
import type { Request } from '../../../src/bridges/engine/request.js';
import type { Verdict } from '../../../src/bridges/engine/verdict.js';
import type { Command, WhenClosed, WhenOver } from '../../../src/bridges/matching/command.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import type { Event, InboxState } from '../../../src/workflows/index.js';
import { Inbox } from '../../../src/workflows/inbox.js';
import { anEvent, aRecord } from '../../support/records.js';

/** A executor that gets `answers`, one for each call, and is told `recalled` of its workflow. */
function stage(answers: readonly Verdict['kind'][], recalled: Recollection) {
  const asked: string[] = [];
  const left = [...answers];
  const ports: RequestExecutorPorts = {
    dispatch: ({ kind }: Request) => {
      asked.push(kind);
      const answer = left.shift();
      if (answer === undefined) throw new Error(`no answer is left for ${kind}`);
      return Promise.resolve({ kind: answer } as Verdict);
    },
    recall: () => {
      asked.push('recall');
      return Promise.resolve(recalled);
    },
    sleep: () => Promise.resolve(),
    rest: () => Promise.resolve(),
    random: () => 0,
    now: () => 0,
    answered: () => undefined,
    retrying: () => undefined,
  };
  const executor = new RequestExecutor(ports);
  const deliver = async (...commands: readonly [Command, ...Command[]]) => {
    const conclusion = await executor.execute(commands, [], () => true);
    if (conclusion.kind === 'retry') return [conclusion.code];
    return commands.map((command, index) => {
      const disposition = dispositionOf(command, conclusion, index);
      if (disposition.kind === 'settled') return disposition.reason ?? disposition.as;
      return disposition.kind === 'aside'
        ? `${disposition.aside.state} ${disposition.aside.reason}`
        : disposition.kind;
    });
  };
  return { asked, deliver };
}

const at = (offset: number): Event => {
  const position = topicPosition(aRecord({ offset: String(offset) }));
  return anEvent({ id: String(offset), position });
};
const introduces = (offset: number, whenClosed: WhenClosed): Command => ({
  ...{ kind: 'signalWithStart', workflowId: 'w', event: at(offset), whenClosed },
  ...{ workflow: 'f', settings: {}, listing: { attributes: {}, summary: '' } },
});
const reaches = (
  kind: 'signal' | 'update',
  offset: number,
  whenClosed: WhenOver = 'dead-letter',
): Command => {
  const about = { workflowId: 'w', event: at(offset), whenMissing: 'ignore', whenClosed } as const;
  return kind === 'signal' ? { kind, ...about } : { kind, update: 'u', ...about };
};
const parked = { parkMs: 1_000 };

/** The inbox of a run that had the events at `offsets`, as a closed run tells of it. */
function closedAfter(...offsets: readonly number[]): Recollection & { readonly kind: 'closed' } {
  const inbox = new Inbox<Event>();
  inbox.receive(offsets.map(at));
  return { kind: 'closed', inbox: inbox.state() };
}

test('C2: a delivery is not over because another bridge has started its closed workflow again', async () => {
  const { deliver, asked } = stage(['exists', 'closed', 'exists', 'done'], { kind: 'running' });
  expect(await deliver(introduces(1, 'start-again'))).toEqual(['moved']);
  expect(await deliver(introduces(1, 'start-again'))).toEqual(['signalled']);
  expect(asked).toEqual(['start', 'signal', 'recall', 'start', 'signal']);
});

test('C1: nor because another bridge has started one whose closed run was past its retention', async () => {
  const answers = ['done', 'missing', 'exists', 'exists', 'done'] as const;
  const { deliver, asked } = stage(answers, { kind: 'missing' });
  expect(await deliver(introduces(1, 'start-again'))).toEqual(['signalled']);
  expect(await deliver(introduces(2, 'start-again'))).toEqual(['moved']);
  expect(await deliver(introduces(2, 'start-again'))).toEqual(['signalled']);
  expect(asked).toEqual(['start', 'signal', 'start', 'start', 'signal']);
});

test('a start is over when the workflow turns out to run', async () => {
  const { deliver } = stage(['exists'], { kind: 'running' });
  const command = { ...introduces(1, 'start-again'), kind: 'start' } as Command;
  expect(await deliver(command)).toEqual(['already-started']);
});

test.each([
  ['signal', [reaches('signal', 1)], 'dead workflow-closed'],
  ['signal, parked', [reaches('signal', 1, parked)], 'waiting workflow-closed'],
  ['signal with start', [introduces(1, 'dead-letter')], 'dead workflow-closed'],
] as const)(
  'C4: %s: what the closed run had was applied before, what it had not is set aside',
  async (_, commands, aside) => {
    const answers = commands[0].kind === 'signal' ? ['closed'] : ['exists', 'closed'];
    const before = stage(answers as Verdict['kind'][], closedAfter(1));
    expect(await before.deliver(...commands)).toEqual(['applied-before']);
    const news = stage(answers as Verdict['kind'][], closedAfter(0));
    expect(await news.deliver(...commands)).toEqual([aside]);
    const without = stage(answers as Verdict['kind'][], { kind: 'closed', inbox: undefined });
    expect(await without.deliver(...commands)).toEqual([aside]);
  },
);

test('C4: each event of one request for itself', async () => {
  const { deliver } = stage(['closed'], closedAfter(0, 1));
  const left = reaches('signal', 3, 'leave-closed');
  expect(await deliver(reaches('signal', 1), reaches('signal', 2), left)).toEqual([
    ...['applied-before', 'dead workflow-closed', 'workflow-closed'],
  ]);
});

test('C4: a closed run is asked only where that decides', async () => {
  const { deliver, asked } = stage(['closed'], closedAfter(1));
  expect(await deliver(reaches('signal', 1, 'leave-closed'))).toEqual(['workflow-closed']);
  expect(asked).toEqual(['signal']);
});

test('C4: what was started again meanwhile is signalled; what is past its retention is closed', async () => {
  const running = stage(['closed', 'done'], { kind: 'running' });
  expect(await running.deliver(reaches('signal', 1))).toEqual(['moved']);
  expect(await running.deliver(reaches('signal', 1))).toEqual(['signalled']);
  const gone = stage(['closed'], { kind: 'missing' });
  expect(await gone.deliver(reaches('signal', 1))).toEqual(['dead workflow-closed']);
});

test('C4: what waits is asked for once, until its workflow may have got something', async () => {
  const answers = ['closed', 'closed', 'missing', 'closed', 'closed'] as const;
  const { deliver, asked } = stage(answers, closedAfter(0));
  const waiting = reaches('signal', 1, parked);
  for (let look = 0; look < 4; look += 1) await deliver(waiting);
  expect(asked).toEqual(['signal', 'recall', 'signal', 'signal', 'signal', 'recall']);
  await deliver(reaches('signal', 2, parked));
  expect(asked.slice(6)).toEqual(['signal', 'recall']);
});

test('C4: of an update only its answer tells that it was done', async () => {
  const { inbox } = closedAfter(0, 1, 2);
  const answers = [
    { id: '1', result: 1 },
    { id: '2', refusal: { message: 'no' } },
  ];
  const asked = { kind: 'closed', inbox: { ...inbox, answers } as InboxState } as const;
  const { deliver } = stage(['closed', 'closed', 'closed'], asked);
  expect(await deliver(reaches('update', 0))).toEqual(['dead workflow-closed']);
  expect(await deliver(reaches('update', 1))).toEqual(['applied-before']);
  expect(await deliver(reaches('update', 2))).toEqual(['dead workflow-closed']);
});
