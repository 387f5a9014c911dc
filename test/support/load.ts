/** Many payments that fail and are recovered, and what must be true of them afterwards. */
import { expect } from 'vitest';
import { eventually, type Site } from './site.js';

/** Publishes a failure for each of `count` payments, spread over the partitions. */
export async function failPayments(site: Site, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `${site.name}-${String(index)}`);
  await site.pool.query(
    `insert into orders (order_id, customer_email, status, amount, currency, sku, quantity)
     values (5000, 'load@example.com', 'pending', 10, 'EUR', 'lamp', 1) on conflict do nothing`,
  );
  for (const id of ids) {
    await site.pool.query(
      `insert into payments
         (payment_id, order_id, customer_email, amount, currency, card_token, status)
       values ($1, 5000, 'load@example.com', 10.00, 'EUR', 'tok_ok', 'pending')`,
      [id],
    );
    await site.publish('payment.failed', id, {
      paymentId: id,
      orderId: '5000',
      customerEmail: 'load@example.com',
      amount: '10.00',
      currency: 'EUR',
      cardToken: 'tok_ok',
      declineCode: 'insufficient_funds',
    });
  }
  return ids;
}

/** How many of `site`'s payments have been charged and marked so in the books. */
export async function recovered(site: Site): Promise<number> {
  const { rows } = await site.pool.query<{ count: string }>(
    `select count(*) from payments where payment_id like $1 and status = 'succeeded'`,
    [`${site.name}-%`],
  );
  return Number(rows[0]?.count ?? 0);
}

/** Nothing lost, every effect once: asserted from the books, the gateway and Temporal. */
export async function expectEachOnce(site: Site, ids: readonly string[]): Promise<void> {
  await eventually(
    `${String(ids.length)} recovered payments`,
    async () => (await recovered(site)) === ids.length,
    240_000,
  );
  for (const id of ids) {
    const workflowId = `payment-recovery:${id}`;
    const result: unknown = await site.client.workflow.getHandle(workflowId).result();
    expect(result).toMatchObject({ outcome: 'recovered', attempts: 1 });
    expect(site.gateway.charge(`${workflowId}/1`)?.answer.status).toBe('succeeded');
    expect(site.gateway.charge(`${workflowId}/2`)).toBeUndefined();
  }
  const { rows } = await site.pool.query<{ key: string; runs: number }>(
    `select key, runs from headrace.effects where key like $1 and kind in ('payment', 'notice')`,
    [`%${site.name}-%`],
  );
  expect(rows.filter(({ runs }) => runs > 1)).toEqual([]);
  const payments = rows.filter(({ key }) => key.startsWith('payment/'));
  expect(payments).toHaveLength(ids.length);
}
