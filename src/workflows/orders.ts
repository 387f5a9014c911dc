/** The order events, as workflows see them, and how an order's workflow is named. */
import type { Event } from './event.js';

export type OrderConfirmed = Event<
  'order.confirmed',
  {
    readonly orderId: string;
    readonly customerEmail: string;
    /** Decimal string in `currency`. */
    readonly amount: string;
    /** ISO 4217. */
    readonly currency: string;
    readonly sku: string;
    readonly quantity: number;
  }
>;

export type OrderCancelled = Event<
  'order.cancelled',
  { readonly orderId: string; readonly paymentId?: string | undefined }
>;

export type ShipmentDispatched = Event<
  'shipment.dispatched',
  { readonly orderId: string; readonly trackingNumber?: string | undefined }
>;

export type ShipmentDelivered = Event<'shipment.delivered', { readonly orderId: string }>;

/** Never to change: the id is how a repeated event meets the run it started. */
export function fulfilmentId(orderId: string): string {
  return `order:${orderId}`;
}
