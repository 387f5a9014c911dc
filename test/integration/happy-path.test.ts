/** From SQL to the end of a workflow, through real Debezium, Kafka, Temporal, gateway and SMTP. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { shopTopics } from '../../src/bridges/shop-topics.js';
import { eventually, exists, openSite, type Site } from '../support/site.js';

const order = {
  id: 1001,
  email: 'ada@example.com',
  amount: '249.99',
};

describe('happy path', () => {
  const addresses = inject('addresses');
  let site: Site;

  beforeAll(async () => {
    site = await openSite(addresses);
    await Promise.all([site.bridge(), site.worker()]);
    await site.pool.query(
      `insert into orders (order_id, customer_email, status, amount, currency, sku, quantity)
       values ($1, $2, 'pending', $3, 'EUR', 'chair', 2)`,
      [order.id, order.email, order.amount],
    );
  });
  afterAll(() => site.close());

  const runs = async (): Promise<string[]> => {
    const found: string[] = [];
    const query = `WorkflowId = 'order:${String(order.id)}'`;
    for await (const run of site.client.workflow.list({ query })) found.push(run.runId);
    return found;
  };
  const setOrder = (change: string) =>
    site.pool.query(`update orders set ${change} where order_id = ${String(order.id)}`);
  const hasRun = (workflowId: string): Promise<boolean> =>
    exists(site.client.workflow.getHandle(workflowId));
  /** Records of orders that are not settled yet. */
  const lag = async (): Promise<bigint> => {
    const admin = site.kafka.admin();
    await admin.connect();
    const topic = shopTopics.orders;
    const ends = await admin.fetchTopicOffsets(topic);
    const [group] = await admin.fetchOffsets({ groupId: 'headrace-test', topics: [topic] });
    await admin.disconnect();
    const committed = new Map(group?.partitions.map((one) => [one.partition, one.offset]));
    return ends.reduce((sum, { partition, high }) => {
      const offset = BigInt(committed.get(partition) ?? '0');
      return sum + BigInt(high) - (offset < 0n ? 0n : offset);
    }, 0n);
  };
  const mails = async (): Promise<{ subject: string; text: string }[]> => {
    const answer = await fetch(`${addresses.mailUrl ?? ''}/api/messages?to=${order.email}`);
    return (await answer.json()) as { subject: string; text: string }[];
  };

  it('order 1001, pending → confirmed, gives exactly one fulfilOrder run', async () => {
    await setOrder(`status = 'confirmed'`);
    await eventually('a run of order 1001', async () => (await runs()).length === 1);
    const [first] = await runs();
    const described = await site.client.workflow.getHandle('order:1001').describe();
    expect(described.type).toBe('fulfilOrder');
    expect(described.status.name).toBe('RUNNING');

    // The same update again, another column, and a marker behind them all in the same partition.
    await setOrder(`status = 'confirmed'`);
    await setOrder(`customer_email = 'countess@example.com'`);
    await setOrder(`status = 'shipped'`);
    await eventually('the stock to be shipped', async () => {
      const { rows } = await site.pool.query<{ state: string }>(
        'select state from reservations where order_id = $1',
        [order.id],
      );
      return rows[0]?.state === 'shipped';
    });
    expect(await runs()).toEqual([first]);
  });

  it('an order that was confirmed before anyone listened starts nothing by later changes', async () => {
    const place = (id: number, status: string) =>
      site.pool.query(
        `insert into orders (order_id, customer_email, status, amount, currency, sku, quantity)
         values ($1, $2, $3, '10.00', 'EUR', 'chair', 1)`,
        [id, order.email, status],
      );
    await place(1002, 'confirmed');
    await site.pool.query(`update orders set status = 'confirmed' where order_id = 1002`);
    await site.pool.query(
      `update orders set customer_email = 'x@example.com' where order_id = 1002`,
    );
    // Changes are published in the order of their commits: behind this one, all have arrived.
    await place(1003, 'pending');
    await site.pool.query(`update orders set status = 'confirmed' where order_id = 1003`);
    await eventually('a run of order 1003', () => hasRun('order:1003'));
    await eventually('all records to be settled', async () => (await lag()) === 0n);
    expect(await hasRun('order:1002')).toBe(false);
  });

  it('the run is found by its order and its last event, and says in words what it does', async () => {
    const query = `HeadraceOrderId = '1001' AND HeadraceEventType = 'shipment.dispatched'`;
    await eventually('the run to be listed', async () => {
      for await (const run of site.client.workflow.list({ query })) {
        return run.workflowId === 'order:1001';
      }
      return false;
    });
    const described = await site.client.workflow.getHandle('order:1001').describe();
    expect(await described.staticSummary()).toBe('Order 1001: 2 × chair for 249.99 EUR');
  });

  it('delivery completes the order, and the customer was told of each step', async () => {
    await site.publish('shipment.delivered', '1001', { orderId: '1001' });
    const result: unknown = await site.client.workflow.getHandle('order:1001').result();
    expect(result).toMatchObject({ outcome: 'completed' });
    const { rows } = await site.pool.query('select status from orders where order_id = 1001');
    expect(rows).toEqual([{ status: 'completed' }]);
    const subjects = (await mails()).map(({ subject }) => subject);
    expect(subjects.length).toBeGreaterThanOrEqual(2);
    expect(new Set(subjects).size).toBe(subjects.length);
  });

  it('a payment that fails in the database is recovered by a later retry', async () => {
    await site.pool.query(
      `insert into payments
         (payment_id, order_id, customer_email, amount, currency, card_token, status)
       values ('pay-1001', 1001, $1, $2, 'EUR', 'tok_insufficient_then_ok', 'pending')`,
      [order.email, order.amount],
    );
    await site.pool.query(
      `update payments set status = 'failed', decline_code = 'insufficient_funds'
       where payment_id = 'pay-1001'`,
    );
    const id = 'payment-recovery:pay-1001';
    await eventually('the recovery to start', () => hasRun(id));
    const result: unknown = await site.client.workflow.getHandle(id).result();
    expect(result).toMatchObject({ outcome: 'recovered', attempts: 3 });
    const { rows } = await site.pool.query(
      `select status from payments where payment_id = 'pay-1001'`,
    );
    expect(rows).toEqual([{ status: 'succeeded' }]);
  });
});
