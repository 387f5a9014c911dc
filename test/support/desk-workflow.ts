/** A workflow that every action can be tried on: it notes what reaches it, and answers. */
import { ApplicationFailure, defineQuery, proxyActivities, setHandler } from '@temporalio/workflow';
import { defineAnswer } from '../../src/workflows/answers.js';
import type { Event } from '../../src/workflows/event.js';
import { openInbox, type Opening } from '../../src/workflows/inbox.js';

interface OfDesk {
  readonly desk: string;
  readonly n: number;
}
export type DeskOpened = Event<'desk.opened', OfDesk>;
export type DeskTold = Event<'desk.told', OfDesk>;
export type DeskAsked = Event<'desk.asked', OfDesk>;
export type DeskClosed = Event<'desk.closed', OfDesk>;
export type DeskStopped = Event<'desk.stopped', OfDesk>;
type DeskEvent = DeskOpened | DeskTold | DeskClosed;

/** What came, in order: `opened 1`, `told 2`, `asked 3`. */
export const notesQuery = defineQuery<readonly string[]>('notes');
export const askDesk = defineAnswer<number, DeskAsked>('ask');

/** No worker has it: it fails once its time is over. */
const { vouchFor } = proxyActivities<{ vouchFor(n: number): Promise<void> }>({
  ...{ scheduleToCloseTimeout: '100ms', retry: { maximumAttempts: 1 } },
});

/**
 * Ends with its notes when it is closed. Answers what it is asked, but nothing below zero, and
 * nothing above 100 that it was not told before.
 */
export async function keepDesk(input: Opening<DeskEvent>): Promise<readonly string[]> {
  const inbox = openInbox<DeskEvent>(input);
  const notes: string[] = [];
  setHandler(notesQuery, () => notes);
  inbox.answer(
    askDesk,
    async ({ data: { n } }) => {
      if (n > 100 && !notes.includes(`told ${String(n)}`)) await vouchFor(n);
      if (n < 0) throw ApplicationFailure.nonRetryable('nothing is below zero');
      notes.push(`asked ${String(n)}`);
      return n;
    },
    {
      validator: ({ data: { n } }) => {
        if (n === 0) throw new Error('zero is no question');
      },
    },
  );
  for (;;) {
    const event = await inbox.next(['desk.opened', 'desk.told', 'desk.closed']);
    if (event?.type === 'desk.closed') return notes;
    if (event !== undefined) notes.push(`${event.type.slice(5)} ${String(event.data.n)}`);
  }
}
