/** Order fulfilment as a contract: what starts it, what it answers, and what can be asked of it. */
import { defineQuery } from '@temporalio/workflow';
import type { Opening } from './inbox.js';
import type {
  OrderCancelled,
  OrderConfirmed,
  ShipmentDelivered,
  ShipmentDispatched,
} from './orders.js';

export type FulfilmentEvent =
  OrderConfirmed | OrderCancelled | ShipmentDispatched | ShipmentDelivered;

export interface FulfilOrder extends Opening<FulfilmentEvent> {
  readonly orderId: string;
  /** Length of one day of waiting, in ms; default 24 hours. */
  readonly dayMs?: number;
}

/** Why an order was cancelled. */
export type CancellationReason = 'requested' | 'out-of-stock' | 'never-dispatched';

export type FulfilmentResult =
  | { readonly outcome: 'completed' | 'delivery-unconfirmed' }
  | { readonly outcome: 'cancelled'; readonly reason: CancellationReason };

export type FulfilmentStage =
  | 'opening'
  | 'reserving'
  | 'awaiting dispatch'
  | 'awaiting delivery'
  | 'cancelling'
  | 'completed'
  | 'cancelled'
  | 'delivery-unconfirmed';

export interface FulfilmentStatus {
  readonly stage: FulfilmentStage;
  /** Events that came again and were dropped. */
  readonly duplicates: number;
}

export const fulfilmentStatusQuery = defineQuery<FulfilmentStatus>('fulfilmentStatus');
