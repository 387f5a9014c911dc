/** A route of entries into ledgers, and entries as a producer sends them. */
import { z } from 'zod';
import { application } from '../../src/bridges/matching/application-source.js';
import { signalWithStart } from '../../src/bridges/matching/command.js';
import type { EventKind } from '../../src/bridges/matching/event-source.js';
import { defineRoute, type Route } from '../../src/bridges/matching/route.js';
import { keepLedger, type LedgerEntry } from './ledger-workflow.js';

const type = 'ledger.entry';

/** Every event of `topic` is an entry into the ledger that it names. */
export function entryRoute(topic: string | RegExp): Route {
  const data = z.object({ ledger: z.string(), n: z.number() });
  const kind: EventKind<LedgerEntry> = { type, sources: [application({ type, topic, data })] };
  const listing = { attributes: {}, summary: 'A ledger' };
  const options = { listing, whenClosed: 'leave-closed' } as const;
  return defineRoute('enter', kind, 'signal or start keepLedger', (event) =>
    signalWithStart(keepLedger, event.data.ledger, event, {}, options),
  );
}

/** The entries `first` to `last` of `ledger`, for one partition. */
export function entries(ledger: string, first: number, last: number, partition: number) {
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const n = first + index;
    const content = { id: `${ledger}/${String(n)}`, type, occurredAt: new Date().toISOString() };
    return { key: ledger, partition, value: JSON.stringify({ ...content, data: { ledger, n } }) };
  });
}
