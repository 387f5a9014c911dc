/**
 * Payment recovery as a contract: what starts it, what it answers, and what can be asked of it.
 * JSON only, because it is persisted in histories.
 */
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Opening } from './inbox.js';
import type { OrderCancelled } from './orders.js';
import type { CardUpdated, PaymentFailed, PaymentSucceeded } from './payments.js';

export type RecoveryEvent = PaymentFailed | PaymentSucceeded | CardUpdated | OrderCancelled;

/** These end a charge that is in flight. */
export const urgent = ['payment.succeeded', 'order.cancelled', 'card.updated'] as const;
/** Without the payment's facts a new card means nothing yet: it stays in the inbox. */
export const beforeFailure = ['payment.failed', 'payment.succeeded', 'order.cancelled'] as const;

export interface RecoverPayment extends Opening<RecoveryEvent> {
  readonly paymentId: string;
  /** Length of one day of the dunning schedule, in ms; default 24 hours. */
  readonly dayMs?: number;
  /** From the run before this one. */
  readonly progress?: RecoveryProgress;
}

/** What continue-as-new must carry besides the inbox. */
export interface RecoveryProgress {
  /** The newest account of the failure; absent until `payment.failed` has come. */
  readonly payment?: PaymentFailed['data'];
  /** The card to charge: a `card.updated` may be newer than the payment's own. */
  readonly cardToken: string;
  readonly declineCode: string;
  /** Tokens of cards that were declined hard; absent in runs that older code began. */
  readonly deadCards?: readonly string[];
  /** Charges whose outcome is known. The next one is `attempts + 1`. */
  readonly attempts: number;
  /** Day 0 of the schedule, in ms since the epoch. */
  readonly clockMs: number;
  /** The last day of the schedule that was acted upon. */
  readonly reachedDay: number;
  /** A new card has not been charged yet. */
  readonly cardIsNew: boolean;
  /** A charge of which nobody knows whether it took the money: no other may follow it. */
  readonly unsettledKey?: string;
  /** When operators were called, in ms since the epoch. */
  readonly escalatedMs?: number;
}

/**
 * `recovered`: this run charged the card. `paid-elsewhere`: an event, the books or an operator say
 * that it is paid. `order-cancelled`: nothing is owed any more. `written-off`: given up.
 */
export type RecoveryOutcome = 'recovered' | 'paid-elsewhere' | 'order-cancelled' | 'written-off';

export interface RecoveryResult {
  readonly outcome: RecoveryOutcome;
  readonly attempts: number;
  /** Idempotency key of the charge that took the money. */
  readonly chargedKey?: string;
}

export interface RecoveryStatus {
  readonly stage: 'waiting' | 'charging' | 'escalated' | 'settled';
  readonly declineCode: string;
  readonly attempts: number;
  /** What happens next if nothing comes in, and when (ISO). */
  readonly next?: { readonly step: string; readonly at: string };
  readonly outcome?: RecoveryOutcome;
  /** Events that came again and were dropped. */
  readonly duplicates: number;
}

/** An operator's word: `approve`: it is paid by another road; `write-off`: it never will be. */
export interface Resolution {
  readonly decision: 'approve' | 'write-off';
  /** Who decided. */
  readonly by: string;
  readonly note?: string;
}

export const recoveryStatusQuery = defineQuery<RecoveryStatus>('recoveryStatus');

/** Answers when the recovery is settled. A charge that was in flight may have settled it first. */
export const resolveRecoveryUpdate = defineUpdate<RecoveryResult, [Resolution]>('resolveRecovery');
