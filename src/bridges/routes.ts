/** THE TABLE: each kind of event and what it does to which workflow. The first file to read. */
import {
  fulfilmentId,
  fulfilOrder,
  paymentRecoveryId,
  recoverPayment,
} from '../workflows/index.js';
import { signal, signalWithStart, start } from './matching/command.js';
import { cardUpdated } from './events/card-updated.js';
import { orderCancelled } from './events/order-cancelled.js';
import { orderConfirmed } from './events/order-confirmed.js';
import { paymentFailed } from './events/payment-failed.js';
import { paymentSucceeded } from './events/payment-succeeded.js';
import { shipmentDelivered } from './events/shipment-delivered.js';
import { shipmentDispatched } from './events/shipment-dispatched.js';
import { defineRoute, type Route } from './matching/route.js';

export interface ShopPace {
  /** Length of a day in the workflows' schedules, in ms; the demo's days last seconds. */
  readonly dayMs: number;
}

const ignored = { whenMissing: 'ignore', whenClosed: 'leave-closed' } as const;

/** The routes of the shop. Within one workflow id, events apply in the order of their partition. */
export function shopRoutes({ dayMs }: ShopPace): readonly Route[] {
  return [
    defineRoute('fulfil-confirmed-order', orderConfirmed, 'start fulfilOrder', (event) => {
      const { orderId, amount, currency, quantity, sku } = event.data;
      const attributes = { HeadraceOrderId: orderId, HeadraceEventType: event.type };
      const summary = `Order ${orderId}: ${quantity} × ${sku} for ${amount} ${currency}`;
      const settings = { orderId, dayMs };
      return start(fulfilOrder, fulfilmentId(orderId), event, settings, {
        listing: { attributes, summary },
        whenClosed: 'leave-closed',
      });
    }),
    defineRoute('tell-order-cancelled', orderCancelled, 'signal fulfilOrder', (event) =>
      signal(fulfilOrder, fulfilmentId(event.data.orderId), event, ignored),
    ),
    defineRoute('tell-order-dispatched', shipmentDispatched, 'signal fulfilOrder', (event) =>
      signal(fulfilOrder, fulfilmentId(event.data.orderId), event, ignored),
    ),
    defineRoute('tell-order-delivered', shipmentDelivered, 'signal fulfilOrder', (event) =>
      signal(fulfilOrder, fulfilmentId(event.data.orderId), event, ignored),
    ),
    defineRoute(
      'recover-failed-payment',
      paymentFailed,
      'signal or start recoverPayment',
      (event) => {
        const { paymentId, orderId, amount, currency, declineCode } = event.data;
        const attributes = {
          HeadraceOrderId: orderId,
          HeadracePaymentId: paymentId,
          HeadraceEventType: event.type,
        };
        const summary = `Payment ${paymentId} of order ${orderId}: ${amount} ${currency}, ${declineCode}`;
        const settings = { paymentId, dayMs };
        return signalWithStart(recoverPayment, paymentRecoveryId(paymentId), event, settings, {
          listing: { attributes, summary },
          whenClosed: 'leave-closed',
        });
      },
    ),
    defineRoute('stop-paid-recovery', paymentSucceeded, 'signal recoverPayment', (event) =>
      signal(recoverPayment, paymentRecoveryId(event.data.paymentId), event, ignored),
    ),
    defineRoute('stop-cancelled-recovery', orderCancelled, 'signal recoverPayment', (event) => {
      const { paymentId } = event.data;
      // The order's row does not name its payment; the application's event does.
      if (paymentId === undefined) return undefined;
      return signal(recoverPayment, paymentRecoveryId(paymentId), event, ignored);
    }),
    defineRoute('retry-with-new-card', cardUpdated, 'signal recoverPayment', (event) =>
      signal(recoverPayment, paymentRecoveryId(event.data.paymentId), event, ignored),
    ),
  ];
}
