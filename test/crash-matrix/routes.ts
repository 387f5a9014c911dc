/** The routes of the crash matrix: the shop's, and one for each further kind of command. */
import { z } from 'zod';
import { application } from '../../src/bridges/matching/application-source.js';
import { change } from '../../src/bridges/matching/change-source.js';
import {
  effectsOf,
  type Listing,
  signalWithStart,
  start,
  update,
} from '../../src/bridges/matching/command.js';
import type { EventKind } from '../../src/bridges/matching/event-source.js';
import { defineRoute, type Route } from '../../src/bridges/matching/route.js';
import { shopRoutes } from '../../src/bridges/routes.js';
import { businessKey } from '../../src/bridges/matching/schema.js';
import { shopTopics } from '../../src/bridges/shop-topics.js';
import type { WitnessActivities } from './witness.js';
import {
  askUpdate,
  type Asked,
  type Counted,
  type Entry,
  keepAccount,
  type MatrixEvent,
  type Opened,
  openOnce,
  payVisit,
  type Tallied,
  type Visited,
} from './workflows/index.js';

/** What one round is about; its name is in every id, so that rounds on one stack do not meet. */
export interface Round {
  readonly name: string;
  readonly topic: string;
  /** Its orders are those with a number from here on, below `orders` more. */
  readonly firstOrder: number;
  readonly orders: number;
}

const dayMs = 400;
const listing: Listing = { attributes: {}, summary: 'Crash matrix' };
const patience = { parkMs: 120_000 } as const;

export function matrixRoutes(round: Round): readonly Route[] {
  const { topic } = round;
  return [
    ...shopRoutes({ dayMs }),
    defineRoute('enter', told<Entry>('matrix.entry', topic), 'signal or start keepAccount', (e) =>
      signalWithStart(keepAccount, accountId(e), e, {}, { listing, whenClosed: 'dead-letter' }),
    ),
    defineRoute('ask', told<Asked>('matrix.asked', topic), 'update keepAccount', (e) =>
      update(askUpdate, accountId(e), e, { whenMissing: patience, whenClosed: 'dead-letter' }),
    ),
    defineRoute('visit', told<Visited>('matrix.visited', topic), 'signal or start payVisit', (e) =>
      signalWithStart(payVisit, `matrix-visit:${ownerOf(e)}`, e, {}, startAgain),
    ),
    defineRoute('open', told<Opened>('matrix.opened', topic), 'start openOnce', (e) =>
      start(openOnce, `matrix-once:${e.id}`, e, {}, { listing, whenClosed: 'leave-closed' }),
    ),
    defineRoute('tally', told<Tallied>('matrix.tallied', topic), 'run tally', (e) =>
      effectsOf<WitnessActivities>().runList('tally', e, { key: e.data.stream }),
    ),
    defineRoute('count', counted(round), 'signal or start keepAccount', (e) =>
      e.data.stream === ''
        ? undefined
        : signalWithStart(keepAccount, accountId(e), e, {}, { listing, whenClosed: 'dead-letter' }),
    ),
  ];
}

const startAgain = { listing, whenClosed: 'start-again' } as const;

function told<E extends MatrixEvent>(type: E['type'], topic: string): EventKind<E> {
  const data = z.object({ stream: z.string(), n: z.number() });
  return { type, sources: [application<E>({ type, topic, data })] };
}

/** A row's own number says which of its changes this is: nothing need be kept beside it. */
function counted({ name, firstOrder, orders }: Round): EventKind<Counted> {
  const type = 'matrix.counted';
  const row = z.object({ order_id: businessKey, quantity: z.number() });
  const source = change<Counted, z.output<typeof row>, z.input<typeof row>>({
    ...{ type, topic: shopTopics.orders, row },
    when: ({ changed }) => changed('quantity'),
    data: ({ order_id: order, quantity: n }) => {
      const index = Number(order) - firstOrder;
      const isOurs = index >= 0 && index < orders;
      return { stream: isOurs ? `${name}/${order}/counted` : '', n };
    },
  });
  return { type, sources: [source] };
}

/** Streams are `<round>/<owner>/<kind>`: what one run hears of has one owner. */
function accountId(event: MatrixEvent): string {
  return `matrix-account:${ownerOf(event)}`;
}

function ownerOf({ data: { stream } }: MatrixEvent): string {
  return stream.split('/').slice(0, 2).join('/');
}
