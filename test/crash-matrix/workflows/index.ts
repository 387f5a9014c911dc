/**
 * What the crash matrix runs beside the shop's workflows: each way that events can come by, and
 * nothing done with them but to have each recorded by a durable step.
 */
import { condition, continueAsNew, proxyActivities } from '@temporalio/workflow';
import { type Answer, defineAnswer } from '../../../src/workflows/answers.js';
import type { Event } from '../../../src/workflows/event.js';
import { openInbox, type Opening } from '../../../src/workflows/inbox.js';

export { fulfilOrder, recoverPayment, runActivity } from '../../../src/workflows/index.js';
export type { Answer };

/** `n` rises along the stream: what is recorded of it must rise too. */
export interface Numbered {
  readonly stream: string;
  readonly n: number;
}

/** For a run that never ends. */
export type Entry = Event<'matrix.entry', Numbered>;
/** For the same run, which answers. */
export type Asked = Event<'matrix.asked', Numbered>;
/** For a run that ends when nothing comes, and begins again. */
export type Visited = Event<'matrix.visited', Numbered>;
/** For a run of its own. */
export type Opened = Event<'matrix.opened', Numbered>;
/** For an activity without a workflow. */
export type Tallied = Event<'matrix.tallied', Numbered>;
/** A row's number went up. */
export type Counted = Event<'matrix.counted', Numbered>;

export type MatrixEvent = Entry | Asked | Visited | Opened | Tallied | Counted;

interface Witness {
  record(events: readonly MatrixEvent[]): Promise<void>;
}

const { record } = proxyActivities<Witness>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '100 milliseconds', maximumInterval: '2 seconds' },
});

export const askUpdate = defineAnswer<number, Asked>('matrix.ask');

/** Records what comes, as many at a time as have come, for ever. */
export async function keepAccount(input: Opening<Entry | Counted>): Promise<void> {
  const inbox = openInbox<Entry | Counted>(input);
  let answering = 0;
  inbox.answer(askUpdate, async (event) => {
    answering += 1;
    await record([event]);
    answering -= 1;
    return event.data.n;
  });
  for (;;) {
    await condition(() => inbox.has() || inbox.isRenewable);
    // An answer that is being worked on belongs to this run.
    if (inbox.isRenewable) await condition(() => answering === 0);
    await inbox.renewIfLong((opening) => continueAsNew<typeof keepAccount>(opening));
    const batch = [];
    for (let event = inbox.poll(); event !== undefined; event = inbox.poll()) batch.push(event);
    if (batch.length > 0) await record(batch);
  }
}

/** Records what comes until nothing has come for a while. */
export async function payVisit(input: Opening<Visited>): Promise<void> {
  const inbox = openInbox<Visited>(input);
  for (;;) {
    const event = await inbox.next(['matrix.visited'], '400 milliseconds');
    if (event === undefined) return;
    await record([event]);
  }
}

/** Records the one event that it was started with. */
export async function openOnce(input: Opening<Opened>): Promise<void> {
  const inbox = openInbox<Opened>(input);
  const event = await inbox.next(['matrix.opened']);
  if (event !== undefined) await record([event]);
}
