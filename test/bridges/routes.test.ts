import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/bridges/matching/command.js';
import { laneOf, signal, start } from '../../src/bridges/matching/command.js';
import { routeTable } from '../../src/bridges/matching/route.js';
import { shopRoutes } from '../../src/bridges/routes.js';
import { shopTopics } from '../../src/bridges/shop-topics.js';
import type { OrderConfirmed, PaymentFailed } from '../../src/workflows/index.js';
import { fulfilOrder, recoverPayment } from '../../src/workflows/index.js';
import { aChange, aJsonRecord, aRecord, order1001 } from '../support/records.js';

const routes = shopRoutes({ dayMs: 1_000 });
const table = routeTable(routes);

const payment = {
  payment_id: 'pay-1',
  order_id: 1001,
  customer_email: 'ada@example.com',
  amount: '249.99',
  currency: 'EUR',
  card_token: 'tok_ok',
  status: 'pending',
  decline_code: null,
};

function orderChange(before: object | null, after: object | null, op = 'u') {
  return aJsonRecord(aChange({ op, before, after }), { topic: shopTopics.orders, offset: '7' });
}

function paymentChange(status: string, was = 'pending') {
  const after = { ...payment, status, decline_code: status === 'failed' ? 'expired_card' : null };
  const change = aChange({ table: 'payments', before: { ...payment, status: was }, after });
  return aJsonRecord(change, { topic: shopTopics.payments });
}

function application(type: string, data: object) {
  const occurredAt = '2024-03-29T18:40:00Z';
  return aJsonRecord({ id: 'e1', type, occurredAt, data }, { topic: shopTopics.events });
}

function commands(record: ReturnType<typeof aRecord>): Command[] {
  return table
    .decide(record)
    .flatMap((decision) => (decision.kind === 'dispatch' ? [decision.command] : []));
}

describe('order 1001', () => {
  const confirmed = { ...order1001, status: 'confirmed' };

  test('pending → confirmed starts fulfilOrder, with the event inside its argument', () => {
    const [command, ...more] = commands(orderChange(order1001, confirmed));
    expect(more).toEqual([]);
    expect(command).toMatchObject({
      kind: 'start',
      workflow: 'fulfilOrder',
      workflowId: 'order:1001',
      whenClosed: 'leave-closed',
      settings: { orderId: '1001', dayMs: 1_000 },
      event: {
        type: 'order.confirmed',
        position: { source: 'postgres:ecommerce.public.orders/0' },
        data: { orderId: '1001', amount: '249.99', currency: 'EUR', sku: 'lamp', quantity: 1 },
      },
    });
  });

  test('the same record gives the same decision, also at another offset', () => {
    const again = { ...orderChange(order1001, confirmed), offset: '99' };
    expect(commands(again)).toEqual(commands(orderChange(order1001, confirmed)));
  });

  test.each([
    ['the same update again', confirmed, confirmed],
    ['another column', confirmed, { ...confirmed, customer_email: 'b@example.com' }],
    ['another column of a pending order', order1001, { ...order1001, quantity: 2 }],
  ])('%s does nothing', (_, before, after) => {
    expect(table.decide(orderChange(before, after))).toEqual([
      { kind: 'ignore', route: '*', reason: 'no-match' },
    ]);
  });

  test('a snapshot read of a confirmed order does nothing', () => {
    expect(commands(orderChange(null, confirmed, 'r'))).toEqual([]);
  });

  test('a deletion and its tombstone do nothing', () => {
    expect(commands(orderChange(confirmed, null, 'd'))).toEqual([]);
    expect(table.decide(aRecord({ topic: shopTopics.orders }))).toEqual([
      { kind: 'ignore', route: '*', reason: 'tombstone' },
    ]);
  });

  test('a row that its schema refuses is rejected, and the field is named', () => {
    const record = orderChange(order1001, { ...confirmed, quantity: 'two' });
    const [decision] = table.decide(record);
    expect(decision).toMatchObject({ kind: 'reject', reason: 'schema-mismatch' });
    expect(decision?.kind === 'reject' && decision.detail).toMatch(/^quantity: /);
  });

  test('an update without its row before is rejected with the remedy at hand', () => {
    expect(table.decide(orderChange(null, confirmed))).toMatchObject([
      { kind: 'reject', reason: 'missing-before' },
    ]);
  });
});

describe('payments', () => {
  test('failed: signals the recovery, starting it where none runs', () => {
    expect(commands(paymentChange('failed'))).toMatchObject([
      { kind: 'signalWithStart', workflowId: 'payment-recovery:pay-1', workflow: 'recoverPayment' },
    ]);
  });

  test('a failure and the success after it share a lane', () => {
    const [failed] = commands(paymentChange('failed'));
    const [succeeded] = commands(paymentChange('succeeded', 'failed'));
    const lane = 'payment-recovery:pay-1';
    expect(succeeded).toMatchObject({ kind: 'signal', whenMissing: 'ignore' });
    expect([succeeded, failed].map((one) => one && laneOf(one))).toEqual([lane, lane]);
  });

  test('order cancelled, payment known: both workflows are told', () => {
    const told = commands(application('order.cancelled', { orderId: 1, paymentId: 'pay-1' }));
    expect(told.map(laneOf)).toEqual(['order:1', 'payment-recovery:pay-1']);
  });

  test('order cancelled, payment unknown: the recovery is not concerned', () => {
    expect(table.decide(application('order.cancelled', { orderId: 1 }))).toMatchObject([
      { kind: 'dispatch', route: 'tell-order-cancelled' },
      { kind: 'ignore', route: 'stop-cancelled-recovery', reason: 'not-concerned' },
    ]);
  });

  test('card updated: the recovery is signalled', () => {
    const record = application('card.updated', { paymentId: 'pay-1', cardToken: 'tok_ok' });
    expect(commands(record)).toMatchObject([{ kind: 'signal', event: { type: 'card.updated' } }]);
  });
});

test('every file of events/ is routed', () => {
  const folder = fileURLToPath(new URL('../../src/bridges/events', import.meta.url));
  const files = readdirSync(folder).map((file) => file.replace('.ts', '').replace('-', '.'));
  expect(new Set(routes.map(({ kind }) => kind.type))).toEqual(new Set(files));
});

test('two routes of one name are refused', () => {
  expect(() => routeTable([...routes, ...routes.slice(0, 1)])).toThrow('share a name');
});

test('types: a workflow takes only its own events and settings', () => {
  const options = { listing: { attributes: {}, summary: '' }, whenClosed: 'leave-closed' } as const;
  const confirmed = {} as OrderConfirmed;
  const failed = {} as PaymentFailed;
  start(fulfilOrder, 'order:1', confirmed, { orderId: '1' }, options);
  // @ts-expect-error fulfilOrder knows nothing of failed payments.
  start(fulfilOrder, 'order:1', failed, { orderId: '1' }, options);
  // @ts-expect-error its setting is missing.
  start(fulfilOrder, 'order:1', confirmed, {}, options);
  // @ts-expect-error recoverPayment knows nothing of confirmed orders.
  signal(recoverPayment, 'payment-recovery:1', confirmed, { whenMissing: 'ignore' });
});
