/** The only door into the sandbox: what bridges, worker and commands may know of the workflows. */
export type { Answer, AnswerDefinition } from './answers.js';
export { type Event, identityOf, type Position, type Skipped, skippedOf } from './event.js';
export { fulfilOrder } from './fulfil-order.js';
export {
  type CancellationReason,
  type FulfilmentEvent,
  type FulfilmentResult,
  type FulfilmentStage,
  type FulfilmentStatus,
  fulfilmentStatusQuery,
  type FulfilOrder,
} from './fulfilment.js';
export { eventsSignal, inboxQuery, type InboxState, type Opening } from './inbox.js';
export type { Notice } from './notice-queue.js';
export { Marks } from './marks.js';
export {
  fulfilmentId,
  type OrderCancelled,
  type OrderConfirmed,
  type ShipmentDelivered,
  type ShipmentDispatched,
} from './orders.js';
export {
  type CardUpdated,
  paymentRecoveryId,
  type PaymentFailed,
  type PaymentSucceeded,
} from './payments.js';
export { recoverPayment } from './recover-payment.js';
export {
  type RecoverPayment,
  type RecoveryEvent,
  type RecoveryOutcome,
  type RecoveryResult,
  type RecoveryStatus,
  recoveryStatusQuery,
  type Resolution,
  resolveRecoveryUpdate,
} from './recovery.js';
export { runActivity } from './run-activity.js';
export { reconcile, type ReconcileInput } from './reconcile.js';
export {
  type Book,
  type BooksDisagree,
  type ChunkRequest,
  type ChunkResult,
  type ConfirmRequest,
  type ConfirmResult,
  type EventWithoutRun,
  type Finding,
  findingKinds,
  nightlyReconciliationId,
  type ReconciliationActivities,
  reconciliationId,
  type ReconciliationProgress,
  reconciliationQuery,
  type ReconciliationReport,
  type RecordPlace,
  type RunWithoutEvent,
  type Totals,
} from './reconciliation.js';
