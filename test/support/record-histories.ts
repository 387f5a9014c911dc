/**
 * Records the histories that `test/workflows/replay.test.ts` replays, on a real server and with days
 * that last a quarter of a second:
 *
 *   RECORD_HISTORIES=1 npx vitest run --project workflows test/workflows/replay.test.ts
 *
 * Record again only what a change was meant to alter: a history that does not replay is a run in
 * production that would be stuck.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { readConfig } from '../../src/config.js';
import { foldersOf } from '../../src/stack/folders.js';
import { temporalCommand } from '../../src/stack/temporal.js';
import {
  eventsSignal,
  fulfilmentId,
  fulfilmentStatusQuery,
  fulfilOrder,
  paymentRecoveryId,
  recoverPayment,
  resolveRecoveryUpdate,
} from '../../src/workflows/index.js';
import { historyText } from './histories.js';
import { accepted, declined, FakeWorld, Stream, until, WorkflowStage } from './workflow-world.js';

const dayMs = 250;
const searchAttributes = ['HeadraceOrderId', 'HeadracePaymentId', 'HeadraceEventType'];

/** Plays every scene and writes its history into `folder`. */
export async function recordHistories(folder: string): Promise<void> {
  const stage = await WorkflowStage.open(startServer);
  const keep = async (name: string, workflowId: string): Promise<void> => {
    const history = await stage.environment.client.workflow.getHandle(workflowId).fetchHistory();
    await writeFile(join(folder, `${name}.json`), historyText(history));
  };
  try {
    for (const [name, play] of Object.entries(recoveries)) {
      await keep(`recover-payment-${name}`, await play(stage));
    }
    for (const [name, play] of Object.entries(fulfilments)) {
      await keep(`fulfil-order-${name}`, await play(stage));
    }
  } finally {
    await stage.close();
  }
}

async function startServer(): Promise<TestWorkflowEnvironment> {
  const path = await temporalCommand(foldersOf(readConfig(process.env)).cache);
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: searchAttributes.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    },
  });
}

/** A scene: plays one workflow to its end and answers with its id. */
type Scene = (stage: WorkflowStage) => Promise<string>;

const recoveries: Readonly<Record<string, Scene>> = {
  recovered: async (stage) => {
    const world = new FakeWorld();
    world.charge = (key) => (key.endsWith('/3') ? accepted : declined('insufficient_funds'));
    const { workflowId, of } = failedPayment('pay-1', 'insufficient_funds');
    return stage.run({ ...of, world }, async (handle) => {
      await handle.result();
      return workflowId;
    });
  },
  'new-card-then-approved': async (stage) => {
    const world = new FakeWorld();
    world.charge = () => declined('stolen_card');
    const { workflowId, stream, of } = failedPayment('pay-2', 'expired_card');
    return stage.run({ ...of, world }, async (handle) => {
      const data = { paymentId: 'pay-2', cardToken: 'tok_2' };
      await handle.signal(eventsSignal, [stream.event('card.updated', data)]);
      await until(() => world.calls(`notice ${workflowId}/escalated`).length === 1);
      const args = [{ decision: 'approve', by: 'grace' }] as const;
      await handle.executeUpdate(resolveRecoveryUpdate, { args: [...args] });
      await handle.result();
      return workflowId;
    });
  },
  'order-cancelled-in-an-outage': async (stage) => {
    const world = new FakeWorld();
    world.charge = () => {
      throw ApplicationFailure.retryable('down', 'GatewayUnavailable');
    };
    const { workflowId, stream, of } = failedPayment('pay-3', 'processing_error');
    return stage.run({ ...of, world }, async (handle) => {
      await until(() => world.calls('charge').length > 1);
      const data = { orderId: '1001', paymentId: 'pay-3' };
      await handle.signal(eventsSignal, [stream.event('order.cancelled', data)]);
      await handle.result();
      return workflowId;
    });
  },
  'refused-but-charged': async (stage) => {
    const world = new FakeWorld();
    world.charge = () => {
      throw ApplicationFailure.nonRetryable('the key was used', 'GatewayRefused');
    };
    world.abandon = () => ({ status: 'succeeded' });
    const { workflowId, of } = failedPayment('pay-4', 'processing_error');
    return stage.run({ ...of, world }, async (handle) => {
      await handle.result();
      return workflowId;
    });
  },
  'paid-in-the-books': async (stage) => {
    const world = new FakeWorld();
    world.charge = () => ({ status: 'not-owed', because: 'paid' });
    const { workflowId, of } = failedPayment('pay-5', 'processing_error');
    return stage.run({ ...of, world }, async (handle) => {
      await handle.result();
      return workflowId;
    });
  },
};

const fulfilments: Readonly<Record<string, Scene>> = {
  completed: async (stage) => {
    const { workflowId, stream, of } = confirmedOrder('1001');
    return stage.run({ ...of, world: new FakeWorld() }, async (handle) => {
      const data = { orderId: '1001' };
      await handle.signal(eventsSignal, [stream.event('shipment.dispatched', data)]);
      await until(async () => {
        const { stage: reached } = await handle.query(fulfilmentStatusQuery);
        return reached === 'awaiting delivery';
      });
      await handle.signal(eventsSignal, [stream.event('order.cancelled', data)]);
      await handle.signal(eventsSignal, [stream.event('shipment.delivered', data)]);
      await handle.result();
      return workflowId;
    });
  },
  'never-dispatched': async (stage) => {
    const { workflowId, of } = confirmedOrder('1002');
    return stage.run({ ...of, world: new FakeWorld() }, async (handle) => {
      await handle.result();
      return workflowId;
    });
  },
  'out-of-stock': async (stage) => {
    const world = new FakeWorld();
    world.reserve = () => ({ reserved: false });
    const { workflowId, of } = confirmedOrder('1003');
    return stage.run({ ...of, world }, async (handle) => {
      await handle.result();
      return workflowId;
    });
  },
  'shipped-unheard-of': async (stage) => {
    const world = new FakeWorld();
    world.cancel = () => ({ changed: false, status: 'shipped' });
    const { workflowId, of } = confirmedOrder('1004');
    return stage.run({ ...of, world }, async (handle) => {
      await handle.result();
      return workflowId;
    });
  },
};

function failedPayment(paymentId: string, declineCode: string) {
  const stream = new Stream();
  const workflowId = paymentRecoveryId(paymentId);
  const event = stream.event('payment.failed', {
    paymentId,
    orderId: '1001',
    customerEmail: 'ada@example.com',
    amount: '249.99',
    currency: 'EUR',
    cardToken: 'tok_1',
    declineCode,
  });
  const of = { workflow: recoverPayment, workflowId, input: { paymentId, dayMs }, event };
  return { workflowId, stream, of };
}

function confirmedOrder(orderId: string) {
  const stream = new Stream();
  const workflowId = fulfilmentId(orderId);
  const confirmed = stream.event('order.confirmed', {
    orderId,
    customerEmail: 'ada@example.com',
    amount: '249.99',
    currency: 'EUR',
    sku: 'lamp',
    quantity: 1,
  });
  const input = { orderId, dayMs, first: [confirmed] };
  return { workflowId, stream, of: { workflow: fulfilOrder, workflowId, input } };
}
