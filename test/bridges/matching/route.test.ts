import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { application, message } from '../../../src/bridges/matching/application-source.js';
import { change } from '../../../src/bridges/matching/change-source.js';
import { signal } from '../../../src/bridges/matching/command.js';
import type { EventKind, EventSource } from '../../../src/bridges/matching/event-source.js';
import { and, header, key, operation } from '../../../src/bridges/matching/predicate.js';
import {
  type Decision,
  defineRoute,
  type RouteTable,
  routeTable,
} from '../../../src/bridges/matching/route.js';
import { businessKey, money } from '../../../src/bridges/matching/schema.js';
import { tombstone } from '../../../src/bridges/matching/tombstone-source.js';
import { distinctTopics, topicPatterns } from '../../../src/bridges/matching/topic-pattern.js';
import { type Event, recoverPayment } from '../../../src/workflows/index.js';
import { aChange, aJsonRecord, aRecord, order1001 } from '../../support/records.js';

type Gone = Event<'order.gone', { readonly orderId: string }>;

const type = 'order.gone';
const topic = 'orders';
const row = z.object({
  order_id: businessKey,
  status: z.enum(['pending', 'confirmed']),
  amount: money,
});
const gone = {
  type,
  topic,
  row,
  data: ({ order_id }: z.output<typeof row>) => ({ orderId: order_id }),
} as const;

function tableOf(...sources: readonly EventSource<Gone>[]): RouteTable {
  const kind: EventKind<Gone> = { type: 'order.gone', sources };
  const act = (event: Gone) =>
    signal(recoverPayment, event.data.orderId, event as never, {
      whenMissing: 'ignore',
      whenClosed: 'leave-closed',
    });
  return routeTable([defineRoute('tell', kind, 'signal', act)]);
}

function told(decisions: readonly Decision[]): readonly unknown[] {
  return decisions.map((decision) =>
    decision.kind === 'dispatch' ? decision.command.event.data : decision,
  );
}

const ignored = (reason: string) => [{ kind: 'ignore', route: '*', reason }];

describe('changes', () => {
  const deleted = tableOf(change({ ...gone, when: () => operation('delete') }));
  const of = (op: string, before: unknown, after: unknown) =>
    aJsonRecord(aChange({ op, before, after }), { topic });

  test('a deleted row is the row before', () => {
    expect(told(deleted.decide(of('d', order1001, null)))).toEqual([{ orderId: '1001' }]);
    expect(deleted.decide(of('u', order1001, order1001))).toEqual(ignored('no-match'));
  });

  test('a deleted row that did not come is rejected with the remedy at hand', () => {
    expect(deleted.decide(of('d', null, null))).toMatchObject([
      {
        kind: 'reject',
        reason: 'missing-before',
        detail: 'delete of orders without its row before',
      },
    ]);
  });

  test('a deleted row of which only the key came names what is missing', () => {
    const [decision] = deleted.decide(of('d', { order_id: 1001 }, null));
    expect(decision).toMatchObject({ kind: 'reject', reason: 'schema-mismatch' });
    expect(decision?.kind === 'reject' && decision.detail).toMatch(/status: .*amount: /);
  });

  test('snapshot reads match only where they are asked for', () => {
    const read = of('r', null, order1001);
    const when: Parameters<
      typeof change<Gone, z.output<typeof row>, z.input<typeof row>>
    >[0]['when'] = ({ becomes }) => becomes('status', 'pending');
    expect(tableOf(change({ ...gone, when })).decide(read)).toEqual(ignored('no-match'));
    const asking = tableOf(change({ ...gone, when, snapshots: true }));
    expect(told(asking.decide(read))).toEqual([{ orderId: '1001' }]);
  });

  test('a predicate that names snapshots, of a source that does not ask for them, is refused', () => {
    expect(() => change({ ...gone, when: () => operation('snapshot') })).toThrow(
      'order.gone: "snapshot" names snapshots; ask for them with snapshots: true',
    );
  });

  test('a truncated table matches only where it is named, and has no row', () => {
    const record = of('t', null, null);
    const everything = tableOf(change({ ...gone, when: ({ where }) => where('any', () => true) }));
    expect(everything.decide(record)).toEqual(ignored('no-match'));
    const truncated = tableOf(
      change({
        type,
        topic,
        row: z.object({}),
        when: () => operation('truncate'),
        data: (_, { source }) => ({ orderId: `all of ${source.table}` }),
      }),
    );
    expect(told(truncated.decide(record))).toEqual([{ orderId: 'all of orders' }]);
  });

  test('key and headers narrow a change', () => {
    const table = tableOf(
      change({ ...gone, when: () => and(operation('delete'), header('tenant', 'eu'), key(/^1/)) }),
    );
    const record = of('d', order1001, null);
    expect(table.decide(record)).toEqual(ignored('no-match'));
    const european = { ...record, headers: { tenant: Buffer.from('eu') } };
    expect(told(table.decide(european))).toEqual([{ orderId: '1001' }]);
  });
});

describe('tombstones', () => {
  const schema = z.union([z.object({ order_id: businessKey }), z.string()]);
  const table = tableOf(
    tombstone({
      type,
      topic,
      key: schema,
      data: (it) => ({ orderId: typeof it === 'string' ? it : it.order_id }),
    }),
  );

  test.each([
    ['JSON', '{"order_id":1001}', '1001'],
    ['JSON with its schema', '{"schema":{},"payload":{"order_id":1001}}', '1001'],
    ['a number beyond a double', '{"order_id":9007199254740993}', '9007199254740993'],
    ['text', 'order-7', 'order-7'],
  ])('an event with its key: %s', (_, text, orderId) => {
    const record = aRecord({ topic, key: Buffer.from(text), offset: '7' });
    const [decision] = table.decide(record);
    if (decision?.kind !== 'dispatch') throw new Error('not dispatched');
    expect(decision.command.event).toMatchObject({
      id: 'kafka:orders#0/0:00000000000000000007',
      occurredAt: '2024-03-29T18:40:00.000Z',
      data: { orderId },
    });
  });

  test('a key that its schema refuses is rejected', () => {
    const [decision] = table.decide(aRecord({ topic, key: null }));
    expect(decision).toMatchObject({ kind: 'reject', reason: 'schema-mismatch' });
    expect(decision?.kind === 'reject' && decision.detail).toMatch(/^key: /);
  });

  test('elsewhere they are ignored', () => {
    expect(table.decide(aRecord({ topic: 'other' }))).toEqual(ignored('tombstone'));
  });
});

describe('topics', () => {
  const source = application<Gone>({
    type,
    topic: [/^shop\.[a-z]+\.orders$/, 'orders'],
    data: z.object({ orderId: z.string() }),
  });
  const content = {
    ...{ id: '1', type: 'order.gone', occurredAt: '2026-03-29T18:40:00Z' },
    data: { orderId: '7' },
  };

  test('by name and by pattern', () => {
    const table = tableOf(source, source);
    expect(table.topics).toEqual([/^shop\.[a-z]+\.orders$/, 'orders']);
    for (const name of ['orders', 'shop.public.orders', 'shop.sales.orders']) {
      expect(told(table.decide(aJsonRecord(content, { topic: name })))).toEqual([{ orderId: '7' }]);
    }
    expect(table.decide(aJsonRecord(content, { topic: 'shop.x.orders.old' }))).toEqual(
      ignored('no-match'),
    );
  });

  test('a pattern that remembers is refused', () => {
    expect(() => topicPatterns(/a/g)).toThrow('must not have the flag g or y');
  });

  test('a pattern is not the name that reads like it', () => {
    expect(distinctTopics(['a', 'a', /a/, /a/])).toEqual(['a', /a/]);
  });
});

describe('messages of another shape', () => {
  const table = tableOf(
    message({
      type,
      topic,
      when: header('kind', 'gone'),
      content: z.object({ order: z.string() }),
      data: ({ order }) => ({ orderId: order }),
    }),
  );
  const record = aJsonRecord({ order: '7' }, { topic, headers: { kind: 'gone' } });

  test('are events where a source reads them', () => {
    expect(told(table.decide(record))).toEqual([{ orderId: '7' }]);
    expect(table.decide({ ...record, headers: {} })).toEqual(ignored('no-match'));
  });

  test('are rejected where none does', () => {
    const deaf = tableOf(change({ ...gone, when: ({ changed }) => changed('amount') }));
    expect(deaf.decide(aJsonRecord({ amount: '7' }, { topic }))).toMatchObject([
      { kind: 'reject', reason: 'unknown-envelope' },
    ]);
  });
});

test('of several sources of one kind, the first that matches makes the event', () => {
  const moved = aJsonRecord(aChange({ before: null, after: { ...order1001, amount: '1' } }), {
    topic,
  });
  const needy = change<Gone, z.output<typeof row>, z.input<typeof row>>({
    ...gone,
    when: ({ changed }) => changed('amount'),
  });
  const easy = change<Gone, z.output<typeof row>, z.input<typeof row>>({
    ...gone,
    when: ({ is }) => is('status', 'pending'),
  });
  expect(told(tableOf(easy, easy).decide(moved))).toEqual([{ orderId: '1001' }]);
  // A rejection says that a source could not tell; another one could.
  expect(told(tableOf(needy, easy).decide(moved))).toEqual([{ orderId: '1001' }]);
  expect(tableOf(needy).decide(moved)).toMatchObject([{ reason: 'missing-before' }]);
});

test('types: fields, values and events are checked', () => {
  const kind: EventKind<Gone> = {
    type: 'order.gone',
    sources: [
      change({ ...gone, when: ({ changed }) => changed('status', ['pending'], 'confirmed') }),
      change({ ...gone, when: ({ is }) => and(operation('delete'), is('order_id', [1, 'x'])) }),
      // @ts-expect-error the row has no such field.
      change({ ...gone, when: ({ changed }) => changed('sttus', 'pending', 'confirmed') }),
      // @ts-expect-error the field cannot have this value.
      change({ ...gone, when: ({ changed }) => changed('status', 'pending', 'confrmed') }),
      // @ts-expect-error nor may it in a composed predicate.
      change({ ...gone, when: ({ is }) => and(operation('delete'), is('status', 'x')) }),
      // @ts-expect-error the data is that of another event.
      change({ ...gone, when: () => operation('delete'), data: () => ({ paymentId: '1' }) }),
      // @ts-expect-error another type of event.
      change({ ...gone, type: 'order.here', when: () => operation('delete') }),
      application({
        type,
        topic,
        data: z.object({ orderId: z.string() }),
        // @ts-expect-error an application event has no row.
        when: and(operation('delete'), change),
      }),
    ],
  };
  expect(kind.sources.length).toBe(8);
});
