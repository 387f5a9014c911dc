/** The payment events, as workflows see them, and how a payment's workflow is named. */
import type { Event } from './event.js';

export type PaymentFailed = Event<
  'payment.failed',
  {
    readonly paymentId: string;
    readonly orderId: string;
    readonly customerEmail: string;
    /** Decimal string in `currency`. */
    readonly amount: string;
    /** ISO 4217. */
    readonly currency: string;
    /** The gateway's name for the card; never the card itself. */
    readonly cardToken: string;
    readonly declineCode: string;
  }
>;

export type PaymentSucceeded = Event<
  'payment.succeeded',
  {
    readonly paymentId: string;
    readonly orderId: string;
    readonly amount: string;
    readonly currency: string;
  }
>;

export type CardUpdated = Event<
  'card.updated',
  { readonly paymentId: string; readonly cardToken: string }
>;

/** Never to change: the id is how a repeated event meets the run it started. */
export function paymentRecoveryId(paymentId: string): string {
  return `payment-recovery:${paymentId}`;
}
