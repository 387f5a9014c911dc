/** Workflows that do nothing but use their inbox, for tests of the inbox. */
import {
  ApplicationFailure,
  condition,
  continueAsNew,
  defineSignal,
  setHandler,
  sleep,
  TimeoutFailure,
} from '@temporalio/workflow';
import { defineAnswer } from '../../src/workflows/answers.js';
import type { Event } from '../../src/workflows/event.js';
import { openInbox, type Opening } from '../../src/workflows/inbox.js';

export type Added = Event<'added', { readonly from: string; readonly n: number }>;
export type Closed = Event<'closed'>;
export type CollectEvent = Added | Closed;

/** What was applied of one sender: how much, how far, and how often not in order. */
export interface Tally {
  readonly count: number;
  readonly last: number;
  readonly disordered: number;
}

export interface Collected {
  readonly tallies: Readonly<Record<string, Tally>>;
  /** Runs so far, and the repetitions that were dropped in all of them. */
  readonly runs: number;
  readonly duplicates: number;
}

export interface Collect extends Opening<CollectEvent> {
  readonly tallies?: Collected['tallies'];
  readonly runs?: number;
}

/** Applies every event that is added, until it is closed; hands over when its run is long. */
export async function collect(input: Collect): Promise<Collected> {
  const inbox = openInbox<CollectEvent>(input);
  const tallies: Record<string, Tally> = { ...input.tallies };
  const runs = (input.runs ?? 0) + 1;
  let isClosed = false;
  inbox
    .on('added', ({ data: { from, n } }) => {
      const { count, last, disordered } = tallies[from] ?? { count: 0, last: -1, disordered: 0 };
      const isNext = n === last + 1;
      tallies[from] = { count: count + 1, last: n, disordered: disordered + (isNext ? 0 : 1) };
    })
    .on('closed', () => {
      isClosed = true;
    });
  await inbox.run({
    until: () => isClosed,
    renew: (opening) => continueAsNew<typeof collect>({ ...input, ...opening, tallies, runs }),
  });
  return { tallies, runs, duplicates: inbox.duplicates };
}

export const handleLateSignal = defineSignal('handleLate');
export type Letter = Event<'a', string> | Event<'b', string> | Event<'late', string>;

/** Handles `a` slowly and `b` quickly; `late` only once it is told to. Answers with the order. */
export async function handOver(input: Opening<Letter>): Promise<readonly string[]> {
  const inbox = openInbox<Letter>(input);
  const order: string[] = [];
  const note = ({ data }: Letter): void => void order.push(data);
  setHandler(handleLateSignal, () => {
    inbox.on('late', note);
  });
  inbox.on('b', note).on('a', async (event) => {
    order.push(`begin ${event.data}`);
    await sleep(50);
    order.push(event.data);
  });
  const inTime = await inbox.run({ until: () => order.includes('last'), timeout: '1 day' });
  return [...order, inTime ? 'until' : 'timeout'];
}

export type Deposited = Event<'deposited', { readonly amount: number }>;
export interface Account extends Opening<Deposited> {
  readonly balance?: number;
}
export const depositUpdate = defineAnswer<{ readonly balance: number }, Deposited>('deposit');
export const renewSignal = defineSignal('renew');
export const endSignal = defineSignal('end');

/**
 * Answers each deposit with the balance; refuses what is not positive, fails at 13, and at 7 while
 * it is empty.
 */
export async function account(input: Account): Promise<number> {
  const inbox = openInbox<Deposited>(input);
  let balance = input.balance ?? 0;
  let next: 'renew' | 'end' | undefined;
  setHandler(renewSignal, () => void (next = 'renew'));
  setHandler(endSignal, () => void (next = 'end'));
  inbox.answer(
    depositUpdate,
    async ({ data: { amount } }) => {
      await sleep(50);
      if (amount === 13) throw ApplicationFailure.nonRetryable('unlucky', 'Unlucky');
      if (amount === 7 && balance === 0) {
        throw new TimeoutFailure('empty', undefined, 'START_TO_CLOSE');
      }
      balance += amount;
      return { balance };
    },
    {
      validator: ({ data: { amount } }) => {
        if (amount <= 0) throw ApplicationFailure.nonRetryable('not positive', 'NotPositive');
        if (balance > 100) throw ApplicationFailure.nonRetryable('full', 'Full');
      },
      description: 'A deposit.',
    },
  );
  await condition(() => next !== undefined);
  if (next === 'end') return balance;
  return continueAsNew<typeof account>({ inbox: inbox.state(), balance });
}
