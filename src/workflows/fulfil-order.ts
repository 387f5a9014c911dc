/**
 * `fulfilOrder`: an order was confirmed; reserves its stock, follows the parcel, and undoes what it
 * did when the order is cancelled before the parcel has left.
 *
 * F1 What is begun is compensated unless the parcel left, whatever ends the run: the order is cancelled
 *    in the books first, then the stock released, then the customer told.
 * F2 The parcel is the point of no return: an `order.cancelled` after it changes nothing. The books
 *    know of it before its event is here: what they will not cancel any more goes on.
 *
 * It never continues as new: an order sees a handful of events in its three weeks, and what has to
 * be undone is code, which no argument can carry.
 */
import { CancellationScope, log, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import { Compensations } from './compensations.js';
import type {
  CancellationReason,
  FulfilmentEvent,
  FulfilmentResult,
  FulfilmentStage,
  FulfilOrder,
} from './fulfilment.js';
import { fulfilmentStatusQuery } from './fulfilment.js';
import {
  markOrderCancelled,
  markOrderCompleted,
  releaseStock,
  reserveStock,
  sendNotice,
  shipStock,
} from './fulfilment-calls.js';
import * as letters from './fulfilment-notices.js';
import { type Inbox, openInbox } from './inbox.js';
import { NoticeQueue } from './notice-queue.js';
import type { OrderConfirmed } from './orders.js';
import { describe, moment, updateSearchAttributes } from './visibility.js';

const day = 86_400_000;
const remindAfterDays = 3;
const cancelAfterDays = 7;
const deliverWithinDays = 14;
const cancelOrder = 'cancel the order';

/** Fulfils one confirmed order; see `FulfilOrder`. */
export async function fulfilOrder(input: FulfilOrder): Promise<FulfilmentResult> {
  return new Fulfilment(input).run();
}

class Fulfilment {
  readonly #inbox: Inbox<FulfilmentEvent>;
  readonly #dayMs: number;
  readonly #compensations = new Compensations();
  readonly #notices = new NoticeQueue(sendNotice);
  #stage: FulfilmentStage = 'opening';
  #reason: CancellationReason | undefined;
  #isBooksFirst = false;
  /** What the books say of an order whose parcel left unheard of. */
  #left: 'shipped' | 'completed' | undefined;

  constructor({ dayMs = day, ...opening }: FulfilOrder) {
    this.#dayMs = dayMs;
    this.#inbox = openInbox(opening);
    setHandler(
      fulfilmentStatusQuery,
      () => ({ stage: this.#stage, duplicates: this.#inbox.duplicates }),
      { description: 'Where the order is.' },
    );
  }

  async run(): Promise<FulfilmentResult> {
    this.#enter('opening', 'Waiting for the confirmed order itself.');
    try {
      const confirmed = await this.#next(['order.confirmed']);
      return await this.#fulfil(confirmed.data);
    } catch (error) {
      this.#enter('cancelling', 'The run ends early; what was done is being undone.');
      this.#orderSteps();
      await this.#compensations.run();
      throw error;
    } finally {
      await this.#notices.emptied();
    }
  }

  async #fulfil(order: OrderConfirmed['data']): Promise<FulfilmentResult> {
    if (!(await this.#reserve(order))) return this.#cancel(order, 'out-of-stock');
    this.#post('confirmed', letters.confirmationLetter(order));
    const dispatched = await this.#awaitDispatch(order);
    if (dispatched === undefined) return this.#cancel(order, 'never-dispatched');
    if (dispatched.type === 'order.cancelled') return this.#cancel(order, 'requested');
    // F2
    this.#compensations.clear();
    await CancellationScope.nonCancellable(() => shipStock({ orderId: order.orderId }));
    return this.#deliver(order, dispatched.data.trackingNumber);
  }

  async #deliver(
    order: OrderConfirmed['data'],
    trackingNumber?: string,
  ): Promise<FulfilmentResult> {
    this.#post('dispatched', letters.dispatchLetter(order, trackingNumber));
    if (!(await this.#awaitDelivery())) {
      this.#post('unconfirmed', letters.unconfirmedLetter(order, deliverWithinDays));
      this.#enter('delivery-unconfirmed', 'No delivery was reported; operators were told.');
      return { outcome: 'delivery-unconfirmed' };
    }
    await markOrderCompleted({ orderId: order.orderId });
    this.#enter('completed', 'The parcel arrived.');
    return { outcome: 'completed' };
  }

  async #reserve(order: OrderConfirmed['data']): Promise<boolean> {
    const { orderId, sku, quantity } = order;
    this.#enter('reserving', `Reserving ${quantity} × ${sku}.`);
    // F1: what is registered first is undone last, so the customer hears of it when it is so.
    this.#compensations.add('tell the customer', async () => {
      this.#post('cancelled', letters.cancellationLetter(order, this.#reason));
      await this.#notices.emptied();
    });
    this.#compensations.add(cancelOrder, () => this.#cancelInBooks(orderId));
    this.#compensations.add('release the stock', () => releaseStock({ orderId }));
    const { reserved } = await reserveStock({ orderId, sku, quantity });
    return reserved;
  }

  async #awaitDispatch(order: OrderConfirmed['data']) {
    const startMs = Date.now();
    const remindMs = startMs + remindAfterDays * this.#dayMs;
    const cancelMs = startMs + cancelAfterDays * this.#dayMs;
    const types = ['shipment.dispatched', 'order.cancelled'] as const;
    this.#enter(
      'awaiting dispatch',
      `The stock is reserved. Next: operators are reminded on ${moment(remindMs)}.`,
    );
    const inTime = await this.#nextBefore(types, remindMs);
    if (inTime !== undefined) return inTime;
    this.#post('late', letters.lateDispatchLetter(order, remindAfterDays, cancelAfterDays));
    this.#enter('awaiting dispatch', `Late. Next: the order is cancelled on ${moment(cancelMs)}.`);
    return this.#nextBefore(types, cancelMs);
  }

  async #awaitDelivery(): Promise<boolean> {
    const untilMs = Date.now() + deliverWithinDays * this.#dayMs;
    const until = `Next: operators are told on ${moment(untilMs)} if nobody reports a delivery.`;
    this.#enter('awaiting delivery', 'The parcel is on its way.', until);
    for (;;) {
      const event = await this.#nextBefore(['shipment.delivered', 'order.cancelled'], untilMs);
      if (event?.type !== 'order.cancelled') return event !== undefined;
      log.info('order.cancelled came after the dispatch and changes nothing');
      const late = `Cancelled at ${event.occurredAt}, after the dispatch: that changes nothing.`;
      this.#enter('awaiting delivery', 'The parcel is on its way.', late, until);
    }
  }

  async #cancel(
    order: OrderConfirmed['data'],
    reason: CancellationReason,
  ): Promise<FulfilmentResult> {
    this.#reason = reason;
    this.#orderSteps();
    const steps = this.#compensations.names.join(', ');
    this.#enter('cancelling', `Reason: ${reason}. Undoing, in this order: ${steps}.`);
    await this.#compensations.run();
    if (this.#left === undefined) {
      this.#enter('cancelled', `Reason: ${reason}. Everything is undone.`);
      return { outcome: 'cancelled', reason };
    }
    log.info('the order is not cancelled: its parcel has left', { reason, status: this.#left });
    if (this.#left === 'shipped') return this.#deliver(order);
    this.#enter('completed', 'The books say so.');
    return { outcome: 'completed' };
  }

  /** Older code released the stock first, and could not know that the parcel had left. */
  #orderSteps(): void {
    this.#isBooksFirst = patched('books-first');
    if (this.#isBooksFirst) this.#compensations.promote(cancelOrder);
  }

  async #cancelInBooks(orderId: string): Promise<void> {
    const { status } = await markOrderCancelled({ orderId });
    if (!this.#isBooksFirst || (status !== 'shipped' && status !== 'completed')) return;
    this.#left = status;
    this.#compensations.clear();
    await shipStock({ orderId });
  }

  async #next<T extends FulfilmentEvent['type']>(types: readonly T[]) {
    for (;;) {
      const event = await this.#inbox.next(types);
      if (event === undefined) continue;
      updateSearchAttributes(event);
      return event;
    }
  }

  async #nextBefore<T extends FulfilmentEvent['type']>(types: readonly T[], untilMs: number) {
    const event = await this.#inbox.next(types, Math.max(untilMs - Date.now(), 1));
    if (event !== undefined) updateSearchAttributes(event);
    return event;
  }

  #enter(stage: FulfilmentStage, ...sentences: readonly string[]): void {
    this.#stage = stage;
    describe(`Order: ${stage}`, ...sentences);
  }

  #post(key: string, letter: letters.Letter): void {
    this.#notices.post({ key: `${workflowInfo().workflowId}/${key}`, ...letter });
  }
}
