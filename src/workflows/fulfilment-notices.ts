/** What customers and operators are told about an order. Pure. */
import type { CancellationReason } from './fulfilment.js';
import type { Notice } from './notice-queue.js';
import type { OrderConfirmed } from './orders.js';

type Order = OrderConfirmed['data'];
export type Letter = Omit<Notice, 'key'>;

export function confirmationLetter(order: Order): Letter {
  return {
    to: order.customerEmail,
    subject: `Order ${order.orderId} is confirmed`,
    text: lines(
      `we have set aside ${order.quantity} × ${order.sku} for you (${sum(order)}).`,
      'You hear from us again when it is on its way.',
    ),
  };
}

export function dispatchLetter(order: Order, trackingNumber: string | undefined): Letter {
  const tracking = trackingNumber === undefined ? [] : [`Tracking number: ${trackingNumber}.`];
  return {
    to: order.customerEmail,
    subject: `Order ${order.orderId} is on its way`,
    text: lines(`${order.quantity} × ${order.sku} left our warehouse.`, ...tracking),
  };
}

const reasons: Readonly<Record<CancellationReason, string>> = {
  requested: 'as requested',
  'out-of-stock': 'because it is out of stock; we are sorry',
  'never-dispatched': 'because we could not send it in time; we are sorry',
};

/** Without a reason the fulfilment itself was ended, by a person or a failure. */
export function cancellationLetter(order: Order, reason?: CancellationReason): Letter {
  const why = reason === undefined ? 'because we could not complete it' : reasons[reason];
  return {
    to: order.customerEmail,
    subject: `Order ${order.orderId} is cancelled`,
    text: lines(`order ${order.orderId} (${sum(order)}) was cancelled ${why}.`),
  };
}

/** To the operators: an order waits for its parcel. */
export function lateDispatchLetter(order: Order, days: number, cancelDays: number): Letter {
  return {
    to: 'operators',
    subject: `Order ${order.orderId} has not been dispatched for ${days} days`,
    text: [
      `Order ${order.orderId}: ${order.quantity} × ${order.sku}, ${sum(order)}.`,
      `Without a dispatch it is cancelled on day ${cancelDays}.`,
      '',
    ].join('\n'),
  };
}

/** To the operators: nobody says that a parcel arrived. */
export function unconfirmedLetter(order: Order, days: number): Letter {
  return {
    to: 'operators',
    subject: `Order ${order.orderId}: delivery unconfirmed`,
    text: [
      `Order ${order.orderId} was dispatched ${days} days ago, and no delivery was reported.`,
      'Please ask the carrier.',
      '',
    ].join('\n'),
  };
}

function sum({ amount, currency }: Order): string {
  return `${amount} ${currency}`;
}

function lines(...sentences: readonly string[]): string {
  return ['Hello,', '', ...sentences, ''].join('\n');
}
