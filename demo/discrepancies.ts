/** One discrepancy of each kind, made on purpose, so that a reconciliation shows how it finds them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { fulfilmentId } from '../src/workflows/index.js';

export interface SeedWorld {
  readonly pool: Pool;
  readonly client: Client;
  readonly namespace: string;
  readonly taskQueue?: string;
  readonly log: Logger;
  /** Orders to which nothing has happened for this long come first; default 15 s. */
  readonly quietMs?: number;
}

/** No event ever confirms this order, nor those after it. */
const firstInvented = 999_001;
const patienceMs = 60_000;

/**
 * Seeds an event without a run, a run without an event, and books that are off by a cent.
 * @returns a line about each.
 * @throws Error when there are not two confirmed orders with runs to begin with.
 */
export async function seedDiscrepancies(world: SeedWorld): Promise<readonly string[]> {
  const [forgotten, altered] = await confirmedOrders(world);
  if (forgotten === undefined || altered === undefined) {
    throw new Error('discrepancies: needs two confirmed orders whose runs exist');
  }
  const lines = [
    await forgetRun(world, forgotten),
    await inventRun(world),
    await alterAmount(world, altered),
  ];
  for (const line of lines) world.log.info({ part: 'demo' }, line);
  return lines;
}

/**
 * The newest confirmed orders that have a run, those first that nothing has happened to lately: the
 * server takes its time to delete a run that has just closed.
 */
async function confirmedOrders({
  pool,
  client,
  quietMs = 15_000,
}: SeedWorld): Promise<readonly string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select order_id::text as id from orders where status <> 'pending'
     order by updated_at < now() - $1 * interval '1 ms' desc, order_id desc limit 50`,
    [quietMs],
  );
  const found: string[] = [];
  for (const { id } of rows) {
    if (found.length === 2) break;
    // A row that is not pending may have been cancelled unconfirmed: only a run proves the event.
    if (await runExists(client, fulfilmentId(id))) found.push(id);
  }
  return found;
}

async function forgetRun({ client, namespace }: SeedWorld, orderId: string): Promise<string> {
  const workflowId = fulfilmentId(orderId);
  // Deleting ends a run that is still open, too.
  await client.workflowService.deleteWorkflowExecution({
    namespace,
    workflowExecution: { workflowId },
  });
  const until = Date.now() + patienceMs;
  while (await runExists(client, workflowId)) {
    if (Date.now() > until) throw new Error(`discrepancies: run ${workflowId} does not go away`);
    await sleep(100);
  }
  return `event without a run: the run of order ${orderId} was deleted`;
}

async function inventRun({ client, taskQueue = 'headrace' }: SeedWorld): Promise<string> {
  const orderId = await notYetInvented(client);
  const event = {
    id: `invented-${orderId}`,
    type: 'order.confirmed',
    occurredAt: new Date().toISOString(),
    position: { source: 'invented', at: '0' },
    data: {
      orderId,
      customerEmail: 'nobody@example.com',
      amount: '1.00',
      currency: 'EUR',
      sku: 'lamp',
      quantity: 1,
    },
  };
  await client.workflow.start('fulfilOrder', {
    workflowId: fulfilmentId(orderId),
    taskQueue,
    // Real days: it waits for a dispatch that never comes, and disturbs nothing.
    args: [{ orderId, first: [event] }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    staticSummary: `Order ${orderId}: started by hand, no event asked for it`,
  });
  return `run without an event: a run of order ${orderId} was started by hand`;
}

/** An earlier demo may have invented some; their runs are still open, and of another day. */
async function notYetInvented(client: Client): Promise<string> {
  let order = firstInvented;
  while (await runExists(client, fulfilmentId(String(order)))) order += 1;
  return String(order);
}

async function alterAmount({ pool }: SeedWorld, orderId: string): Promise<string> {
  await pool.query(`update orders set amount = amount + 0.01 where order_id::text = $1`, [orderId]);
  return `books off by a cent: the amount of order ${orderId} was raised by 0.01`;
}

async function runExists(client: Client, workflowId: string): Promise<boolean> {
  try {
    await client.workflow.getHandle(workflowId).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
