/** What a recovery asks of the world, and how patiently. */
import { proxyActivities } from '@temporalio/workflow';
import type { ChargeRequest, PaymentActivities } from '../activities/payments.js';
import type { NoticeActivities } from '../activities/notices.js';

/**
 * Retried until the gateway answers; the workflow ends it when there is no reason to charge any
 * more. A request that is under way is never torn off: its outcome decides what is true.
 */
const charging = {
  startToCloseTimeout: '45 seconds',
  scheduleToCloseTimeout: '30 days',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
} as const;

const { chargeCard } = proxyActivities<PaymentActivities>(charging);

export const { abandonCharge } = proxyActivities<PaymentActivities>({
  startToCloseTimeout: '45 seconds',
  scheduleToCloseTimeout: '30 days',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  summary: 'Make sure that the interrupted charge takes no money',
});

export const { markPaymentSucceeded, markWrittenOff } = proxyActivities<PaymentActivities>({
  startToCloseTimeout: '30 seconds',
  // Money that was taken must reach the books, however long they are closed.
  scheduleToCloseTimeout: '30 days',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
  summary: 'Write the outcome into the books',
});

export const { sendNotice } = proxyActivities<NoticeActivities>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '2 days',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes' },
  summary: 'Send a notice',
});

/** One attempt, named in the UI. */
export function charge(request: ChargeRequest, attempt: number) {
  const { amount, currency } = request;
  const summary = `Attempt ${attempt}: charge ${amount} ${currency}`;
  return chargeCard.executeWithOptions({ ...charging, summary }, [request]);
}
