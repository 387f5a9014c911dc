/** Fulfilment of orders over weeks of skipped time. */
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  eventsSignal,
  fulfilmentId,
  fulfilmentStatusQuery,
  fulfilOrder,
  type OrderCancelled,
  type OrderConfirmed,
  type ShipmentDelivered,
  type ShipmentDispatched,
} from '../../src/workflows/index.js';
import { day, FakeWorld, Stream, until, WorkflowStage } from '../support/workflow-world.js';

/** One order and the events about it. */
class Order {
  readonly orderId = randomUUID();
  readonly id = fulfilmentId(this.orderId);
  readonly #stream = new Stream();

  confirmed(): OrderConfirmed {
    return this.#stream.event<OrderConfirmed>('order.confirmed', {
      orderId: this.orderId,
      customerEmail: 'ada@example.com',
      amount: '249.99',
      currency: 'EUR',
      sku: 'lamp',
      quantity: 1,
    });
  }

  cancelled(): OrderCancelled {
    return this.#stream.event<OrderCancelled>('order.cancelled', { orderId: this.orderId });
  }

  dispatched(): ShipmentDispatched {
    const data = { orderId: this.orderId, trackingNumber: 'T-1' };
    return this.#stream.event<ShipmentDispatched>('shipment.dispatched', data);
  }

  delivered(): ShipmentDelivered {
    return this.#stream.event<ShipmentDelivered>('shipment.delivered', { orderId: this.orderId });
  }

  letter(name: string, to = 'ada@example.com'): string {
    return `notice ${this.id}/${name} to ${to}`;
  }
}

describe('fulfilOrder', () => {
  let stage: WorkflowStage;

  beforeAll(async () => {
    stage = await WorkflowStage.open();
  });

  afterAll(() => stage.close());

  async function fulfil<T>(
    order: Order,
    world: FakeWorld,
    play: (handle: WorkflowHandle<typeof fulfilOrder>) => Promise<T>,
  ): Promise<T> {
    const { id: workflowId, orderId } = order;
    const input = { orderId, first: [order.confirmed()] };
    return stage.run({ workflow: fulfilOrder, workflowId, input, world }, play);
  }

  const pass = (days: number): Promise<void> => stage.environment.sleep(days * day);

  it('reserves, tells, ships, waits for the delivery and completes', async () => {
    const order = new Order();
    const world = new FakeWorld();
    const result = await fulfil(order, world, async (handle) => {
      await pass(2);
      await handle.signal(eventsSignal, [order.dispatched()]);
      await pass(5);
      await handle.signal(eventsSignal, [order.delivered()]);
      return handle.result();
    });
    expect(result).toEqual({ outcome: 'completed' });
    expect(world.calls()).toEqual([
      `reserve ${order.orderId}`,
      order.letter('confirmed'),
      `ship ${order.orderId}`,
      order.letter('dispatched'),
      `order completed ${order.orderId}`,
    ]);
  });

  it('keeps events that come before their state', async () => {
    const order = new Order();
    const world = new FakeWorld();
    const { id: workflowId, orderId } = order;
    const first = [order.confirmed(), order.dispatched(), order.delivered()];
    const of = { workflow: fulfilOrder, workflowId, input: { orderId, first }, world };
    const result = await stage.run(of, (handle) => handle.result());
    expect(result).toEqual({ outcome: 'completed' });
    expect(world.days('order completed')).toEqual([0]);
  });

  it('out of stock: cancels the order and tells the customer', async () => {
    const order = new Order();
    const world = new FakeWorld();
    world.reserve = () => ({ reserved: false });
    const result = await fulfil(order, world, (handle) => handle.result());
    expect(result).toEqual({ outcome: 'cancelled', reason: 'out-of-stock' });
    expect(world.calls('order')).toEqual([`order cancelled ${order.orderId}`]);
    expect(world.calls('notice')).toEqual([order.letter('cancelled')]);
  });

  it('cancelled before the dispatch: undoes what was done, the books first', async () => {
    const order = new Order();
    const world = new FakeWorld();
    const result = await fulfil(order, world, async (handle) => {
      await pass(1);
      await handle.signal(eventsSignal, [order.cancelled()]);
      return handle.result();
    });
    expect(result).toEqual({ outcome: 'cancelled', reason: 'requested' });
    expect(world.calls().slice(2)).toEqual([
      `order cancelled ${order.orderId}`,
      `release ${order.orderId}`,
      order.letter('cancelled'),
    ]);
  });

  it('cancelled after the dispatch: that changes nothing', async () => {
    const order = new Order();
    const world = new FakeWorld();
    const result = await fulfil(order, world, async (handle) => {
      await handle.signal(eventsSignal, [order.dispatched(), order.cancelled()]);
      await until(() => world.calls('ship').length === 1);
      await handle.signal(eventsSignal, [order.delivered()]);
      return handle.result();
    });
    expect(result).toEqual({ outcome: 'completed' });
    expect(world.calls('release')).toEqual([]);
  });

  it('never dispatched: operators are reminded on day 3, and on day 7 it is undone', async () => {
    const order = new Order();
    const world = new FakeWorld();
    const result = await fulfil(order, world, (handle) => handle.result());
    expect(result).toEqual({ outcome: 'cancelled', reason: 'never-dispatched' });
    expect(world.days(order.letter('late', 'operators'))).toEqual([3]);
    expect(world.days('release')).toEqual([7]);
  });

  it('dispatched after the reminder: goes on', async () => {
    const order = new Order();
    const world = new FakeWorld();
    await fulfil(order, world, async (handle) => {
      await pass(5);
      expect(await handle.query(fulfilmentStatusQuery)).toEqual({
        stage: 'awaiting dispatch',
        duplicates: 0,
      });
      await handle.signal(eventsSignal, [order.dispatched(), order.delivered()]);
      expect(await handle.result()).toEqual({ outcome: 'completed' });
    });
  });

  it('no delivery within 14 days: operators are told', async () => {
    const order = new Order();
    const world = new FakeWorld();
    const result = await fulfil(order, world, async (handle) => {
      await handle.signal(eventsSignal, [order.dispatched()]);
      return handle.result();
    });
    expect(result).toEqual({ outcome: 'delivery-unconfirmed' });
    expect(world.days(order.letter('unconfirmed', 'operators'))).toEqual([14]);
    expect(world.calls('order')).toEqual([]);
  });

  it.each([
    ['shipped', 'delivery-unconfirmed'],
    ['completed', 'completed'],
  ] as const)('what the books will not cancel any more goes on: %s', async (status, outcome) => {
    const order = new Order();
    const world = new FakeWorld();
    world.cancel = () => ({ changed: false, status });
    const result = await fulfil(order, world, (handle) => handle.result());
    expect(result).toEqual({ outcome });
    expect(world.days('ship')).toEqual([7]);
    expect(world.calls('release')).toEqual([]);
    expect(world.calls(order.letter('cancelled'))).toEqual([]);
    const dispatched = world.calls(order.letter('dispatched'));
    expect(dispatched).toHaveLength(status === 'shipped' ? 1 : 0);
  });

  it('the workflow itself is cancelled after an unheard dispatch: sells nothing again', async () => {
    const order = new Order();
    const world = new FakeWorld();
    world.cancel = () => ({ changed: false, status: 'shipped' });
    await fulfil(order, world, async (handle) => {
      await until(() => world.calls(order.letter('confirmed')).length === 1);
      await handle.cancel();
      return handle.result().catch((reason: unknown) => reason);
    });
    expect(world.calls().slice(2)).toEqual([
      `order cancelled ${order.orderId}`,
      `ship ${order.orderId}`,
    ]);
  });

  it('the workflow itself is cancelled: undoes all the same', async () => {
    const order = new Order();
    const world = new FakeWorld();
    const error = await fulfil(order, world, async (handle) => {
      await until(() => world.calls(order.letter('confirmed')).length === 1);
      await handle.cancel();
      return handle.result().catch((reason: unknown) => reason);
    });
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(world.calls().slice(2)).toEqual([
      `order cancelled ${order.orderId}`,
      `release ${order.orderId}`,
      order.letter('cancelled'),
    ]);
  });

  it('a reservation that fails for good is undone too: it may have happened', async () => {
    const order = new Order();
    const world = new FakeWorld();
    world.reserve = () => {
      throw ApplicationFailure.nonRetryable('no such order', 'BooksRefused');
    };
    const error = await fulfil(order, world, (handle) =>
      handle.result().catch((reason: unknown) => reason),
    );
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(world.calls('release')).toEqual([`release ${order.orderId}`]);
  });

  it('drops an event that comes again', async () => {
    const order = new Order();
    const world = new FakeWorld();
    await fulfil(order, world, async (handle) => {
      const dispatched = order.dispatched();
      await handle.signal(eventsSignal, [dispatched]);
      await handle.signal(eventsSignal, [dispatched]);
      await until(async () => (await handle.query(fulfilmentStatusQuery)).duplicates === 1);
      await handle.signal(eventsSignal, [order.delivered()]);
      await handle.result();
    });
    expect(world.calls('ship')).toHaveLength(1);
  });
});
