/** The activities against a real Postgres: what is repeated, late or concurrent happens once. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createTransport } from 'nodemailer';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ensureSchema } from '../../src/activities/index.js';
import { createNotices, messageId } from '../../src/activities/notices.js';
import { createOrders } from '../../src/activities/orders.js';
import { createPayments } from '../../src/activities/payments.js';
import { createStock } from '../../src/activities/stock.js';

const schema = fileURLToPath(new URL('../../demo/schema.sql', import.meta.url));
/** Far from the orders of other tests. */
let nextOrder = 700_000_000 + Math.floor(Math.random() * 1_000_000);

describe('activities', () => {
  let pool: Pool;

  beforeAll(async () => {
    pool = new Pool({ connectionString: inject('addresses').databaseUrl });
    await pool.query(await readFile(schema, 'utf8'));
    await ensureSchema(pool);
  });

  afterAll(() => pool.end());

  async function aStock(available: number): Promise<{ sku: string; left: () => Promise<number> }> {
    const sku = `sku-${randomUUID()}`;
    await pool.query('insert into stock (sku, available) values ($1, $2)', [sku, available]);
    const left = async (): Promise<number> => {
      const { rows } = await pool.query<{ available: number }>(
        'select available from stock where sku = $1',
        [sku],
      );
      return rows[0]?.available ?? -1;
    };
    return { sku, left };
  }

  async function anOrder(status: string): Promise<string> {
    nextOrder += 1;
    const orderId = String(nextOrder);
    await pool.query(
      `insert into orders (order_id, customer_email, status, amount, currency, sku, quantity)
       values ($1::bigint, 'ada@example.com', $2, 1, 'EUR', 'activities-test', 1)`,
      [orderId, status],
    );
    return orderId;
  }

  async function runsOf(key: string): Promise<number> {
    const { rows } = await pool.query<{ runs: number }>(
      'select runs from headrace.effects where key = $1',
      [key],
    );
    return rows[0]?.runs ?? 0;
  }

  it('creates its schema however many ask for it at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => ensureSchema(pool)));
  });

  it('the shop can be set up again', async () => {
    await pool.query(await readFile(schema, 'utf8'));
  });

  it('reserves once per order, and gives back once', async () => {
    const stock = createStock(pool);
    const { sku, left } = await aStock(5);
    const orderId = await anOrder('confirmed');
    const request = { orderId, sku, quantity: 2 };
    const answers = await Promise.all([1, 2, 3].map(() => stock.reserveStock(request)));
    expect(answers).toEqual([{ reserved: true }, { reserved: true }, { reserved: true }]);
    expect(await left()).toBe(3);
    await Promise.all([1, 2].map(() => stock.releaseStock({ orderId })));
    expect(await left()).toBe(5);
    expect(await runsOf(`stock/${orderId}/reserved`)).toBe(1);
    expect(await runsOf(`stock/${orderId}/released`)).toBe(1);
  });

  it('takes nothing where there is not enough, and can ask again', async () => {
    const stock = createStock(pool);
    const { sku, left } = await aStock(1);
    const orderId = await anOrder('confirmed');
    expect(await stock.reserveStock({ orderId, sku, quantity: 2 })).toEqual({ reserved: false });
    expect(await left()).toBe(1);
    expect(await stock.reserveStock({ orderId, sku, quantity: 1 })).toEqual({ reserved: true });
  });

  it('a reservation that comes after its release takes nothing', async () => {
    const stock = createStock(pool);
    const { sku, left } = await aStock(5);
    const orderId = await anOrder('confirmed');
    expect(await stock.releaseStock({ orderId })).toEqual({ released: false });
    expect(await stock.reserveStock({ orderId, sku, quantity: 1 })).toEqual({ reserved: false });
    expect(await left()).toBe(5);
  });

  it('what was shipped is not given back', async () => {
    const stock = createStock(pool);
    const { sku, left } = await aStock(5);
    const orderId = await anOrder('confirmed');
    await stock.reserveStock({ orderId, sku, quantity: 1 });
    expect(await stock.shipStock({ orderId })).toEqual({ shipped: true });
    expect(await stock.shipStock({ orderId })).toEqual({ shipped: false });
    expect(await stock.releaseStock({ orderId })).toEqual({ released: false });
    expect(await left()).toBe(4);
  });

  it('cancels only orders whose parcel has not left, and completes only live ones', async () => {
    const orders = createOrders(pool);
    const shipped = await anOrder('shipped');
    const cancel = (orderId: string) => orders.markOrderCancelled({ orderId });
    const complete = (orderId: string) => orders.markOrderCompleted({ orderId });
    expect(await cancel(shipped)).toEqual({ changed: false, status: 'shipped' });
    expect(await complete(shipped)).toEqual({ changed: true, status: 'completed' });
    expect(await complete(shipped)).toEqual({ changed: false, status: 'completed' });
    expect(await cancel(shipped)).toEqual({ changed: false, status: 'completed' });
    const confirmed = await anOrder('confirmed');
    expect(await cancel(confirmed)).toEqual({ changed: true, status: 'cancelled' });
    expect(await cancel(confirmed)).toEqual({ changed: false, status: 'cancelled' });
    expect(await complete(confirmed)).toEqual({ changed: false, status: 'cancelled' });
    nextOrder += 1;
    expect(await cancel(String(nextOrder))).toEqual({ changed: false });
  });

  it('marks payments, and never writes off what was paid', async () => {
    const payments = createPayments({ pool, gateway: { url: '' } });
    const orderId = await anOrder('confirmed');
    const paymentId = `pay-${orderId}`;
    await pool.query(
      `insert into payments (payment_id, order_id, customer_email, amount, currency, card_token)
       values ($1, $2::bigint, 'ada@example.com', 1, 'EUR', 'tok_ok')`,
      [paymentId, orderId],
    );
    expect(await payments.markWrittenOff({ paymentId })).toEqual({ changed: true });
    expect(await payments.markPaymentSucceeded({ paymentId })).toEqual({ changed: true });
    expect(await payments.markPaymentSucceeded({ paymentId })).toEqual({ changed: false });
    expect(await payments.markWrittenOff({ paymentId })).toEqual({ changed: false });
  });

  it('says when money was taken that was not owed', async () => {
    const payments = createPayments({ pool, gateway: { url: '' } });
    const aPayment = async (orderId: string, status: string): Promise<string> => {
      const paymentId = `pay-${orderId}`;
      await pool.query(
        `insert into payments
           (payment_id, order_id, customer_email, amount, currency, card_token, status)
         values ($1, $2::bigint, 'ada@example.com', 1, 'EUR', 'tok_ok', $3)`,
        [paymentId, orderId, status],
      );
      return paymentId;
    };
    const charge = (paymentId: string) =>
      new MockActivityEnvironment().run(() =>
        payments.chargeCard({
          ...{ key: `${paymentId}/1`, paymentId, amount: '1.00' },
          ...{ currency: 'EUR', cardToken: 'tok_ok' },
        }),
      );
    const paid = await aPayment(await anOrder('confirmed'), 'succeeded');
    expect(await charge(paid)).toEqual({ status: 'not-owed', because: 'paid' });
    const twice = { changed: false, conflict: 'paid' };
    expect(await payments.markPaymentSucceeded({ paymentId: paid })).toEqual(twice);
    expect(await payments.markPaymentSucceeded({ paymentId: paid })).toEqual(twice);
    const cancelled = await aPayment(await anOrder('cancelled'), 'failed');
    expect(await charge(cancelled)).toEqual({ status: 'not-owed', because: 'order-cancelled' });
    const conflict = 'order-cancelled';
    const mark = () => payments.markPaymentSucceeded({ paymentId: cancelled });
    expect(await mark()).toEqual({ changed: true, conflict });
    expect(await mark()).toEqual({ changed: false, conflict });
    const nowhere = await payments.markPaymentSucceeded({ paymentId: 'pay-nowhere' });
    expect(nowhere).toEqual({ changed: false });
  });

  it('an id that is no number is refused for good', async () => {
    const failure = createOrders(pool).markOrderCancelled({ orderId: 'none' });
    await expect(failure).rejects.toMatchObject({ type: 'BooksRefused', nonRetryable: true });
  });

  it('sends a notice once per key, and again when the server refused it', async () => {
    const sent: { id: unknown; to: unknown; key: unknown }[] = [];
    let isDown = true;
    const mailer = createTransport({
      name: 'test',
      version: '1',
      send: (mail, done) => {
        if (isDown) {
          done(Object.assign(new Error('busy'), { responseCode: 450 }), undefined);
          return;
        }
        const { messageId: id, to, headers } = mail.data;
        const key: unknown = Reflect.get(headers ?? {}, 'X-Headrace-Key');
        sent.push({ id, to, key });
        done(null, undefined);
      },
    });
    const from = 'shop@headrace.test';
    const notices = createNotices({ pool, mailer, operators: 'ops@headrace.test', from });
    const key = `test/${randomUUID()}`;
    const notice = { key, to: 'operators', subject: 'subject', text: 'text' };
    await expect(notices.sendNotice(notice)).rejects.toMatchObject({ type: 'MailUnavailable' });
    isDown = false;
    const answers = await Promise.all([1, 2, 3].map(() => notices.sendNotice(notice)));
    expect(answers.filter((answer) => answer.sent)).toHaveLength(1);
    expect(sent).toEqual([{ id: messageId(key, from), to: 'ops@headrace.test', key }]);
    expect(await runsOf(`notice/${key}`)).toBe(1);
  });
});
