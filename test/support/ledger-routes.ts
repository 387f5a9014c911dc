/** Routes of ledgers: one event opens a ledger, others are entries in it. */
import { z } from 'zod';
import { application } from '../../src/bridges/matching/application-source.js';
import { signal, start, type WhenMissing } from '../../src/bridges/matching/command.js';
import { defineRoute, type Route } from '../../src/bridges/matching/route.js';
import { keepLedger, type LedgerEntry, type LedgerOpened } from './ledger-workflow.js';

const listing = { attributes: {}, summary: 'A ledger' };

/** Plain JSON: they are handed to processes, too. */
export interface LedgerRules {
  readonly onDeadLetter?: 'park' | 'skip';
  readonly whenMissing?: WhenMissing;
  /** True: an entry may also be written as text. */
  readonly widened?: boolean;
  /** True: what makes an entry large does not go with the event. */
  readonly slim?: boolean;
}

/** The routes of a topic, by the rules. */
export function ledgerRoutes(topic: string, rules: LedgerRules): Route[] {
  const { onDeadLetter = 'skip', whenMissing = 'dead-letter' } = rules;
  const { widened = false, slim = false } = rules;
  const ledger = z.string();
  const n = widened ? z.coerce.number() : z.number();
  // So large is the event that comes of a small record.
  const entryData = z
    .object({ ledger, n, size: z.number().default(0) })
    .transform(({ size, ...data }) => ({ ...data, pad: 'x'.repeat(slim ? 0 : size) }));
  const [opened, entry] = ['ledger.opened', 'ledger.entry'] as const;
  return [
    defineRoute<LedgerOpened>(
      'open',
      { type: opened, sources: [application({ type: opened, topic, data: z.object({ ledger }) })] },
      'start keepLedger',
      (event) =>
        start(keepLedger, event.data.ledger, event, {}, { listing, whenClosed: 'leave-closed' }),
    ),
    defineRoute<LedgerEntry>(
      'enter',
      { type: entry, sources: [application({ type: entry, topic, data: entryData })] },
      'signal keepLedger',
      (event) =>
        signal(keepLedger, event.data.ledger, event, { whenMissing, whenClosed: 'leave-closed' }),
      { onDeadLetter },
    ),
  ];
}
