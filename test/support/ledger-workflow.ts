/** A workflow that writes down what reaches it, in the order in which it does. */
import { defineQuery, setHandler } from '@temporalio/workflow';
import type { Event } from '../../src/workflows/event.js';
import { openInbox, type Opening } from '../../src/workflows/inbox.js';

export type LedgerOpened = Event<'ledger.opened', { readonly ledger: string }>;
export type LedgerEntry = Event<'ledger.entry', { readonly ledger: string; readonly n: number }>;
export type LedgerClosed = Event<'ledger.closed', { readonly ledger: string }>;
type LedgerEvent = LedgerOpened | LedgerEntry | LedgerClosed;

export const entriesQuery = defineQuery<readonly number[]>('entries');

export async function keepLedger(input: Opening<LedgerEvent>): Promise<readonly number[]> {
  const inbox = openInbox<LedgerEvent>(input);
  const entries: number[] = [];
  setHandler(entriesQuery, () => entries);
  for (;;) {
    const event = await inbox.next(['ledger.opened', 'ledger.entry', 'ledger.closed']);
    if (event?.type === 'ledger.entry') entries.push(event.data.n);
    if (event?.type === 'ledger.closed') return entries;
  }
}
