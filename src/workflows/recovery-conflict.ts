/** What would have made a charge needless, had it been known before: a person has to look. */
import type { PaidMark } from '../activities/payments.js';
import type { Inbox } from './inbox.js';
import type { RecoveryEvent, Resolution } from './recovery.js';

/** What the books say against a charge once it is marked, as a clause in plain words. */
export function inBooks({ conflict }: PaidMark): string | undefined {
  if (conflict === 'order-cancelled') return 'the order was cancelled';
  return conflict === 'paid' ? 'somebody else marked the payment as paid' : undefined;
}

/** What came in while the last charge was in flight, as a clause in plain words. */
export function meanwhile(
  inbox: Inbox<RecoveryEvent>,
  given: Resolution | undefined,
): string | undefined {
  if (inbox.has('order.cancelled')) return 'the order was cancelled';
  if (inbox.has('payment.succeeded')) return 'the payment was reported as paid';
  return given === undefined ? undefined : `${given.by} decided: ${given.decision}`;
}
