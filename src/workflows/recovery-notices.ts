/** What customers and operators are told about a payment's recovery. Pure. */
import { needsAnotherCard } from './dunning.js';
import type { Notice } from './notice-queue.js';
import type { PaymentFailed } from './payments.js';
import { moment } from './visibility.js';

type Payment = PaymentFailed['data'];

/** A notice that has no key yet: the workflow gives it one. */
export type Letter = Omit<Notice, 'key'>;

/** The payment failed; `chargeMs` is when the same card will be charged again, if it will. */
export function failureLetter(payment: Payment, code: string, chargeMs?: number): Letter {
  return {
    to: payment.customerEmail,
    subject: `Your payment for order ${payment.orderId} did not go through`,
    text: lines(
      `we could not collect ${sum(payment)} for order ${payment.orderId}.`,
      ...remedy(code, chargeMs),
    ),
  };
}

/** A reminder that only another card helps. */
export function reminderLetter(payment: Payment): Letter {
  return {
    to: payment.customerEmail,
    subject: `Order ${payment.orderId} still needs another card`,
    text: lines(
      `${sum(payment)} for order ${payment.orderId} is still open.`,
      'Please give us another card: we will charge it at once.',
    ),
  };
}

export function thanksLetter(payment: Payment): Letter {
  return {
    to: payment.customerEmail,
    subject: `Thank you: order ${payment.orderId} is paid`,
    text: lines(`we received ${sum(payment)} for order ${payment.orderId}. Thank you.`),
  };
}

export function finalLetter(payment: Payment): Letter {
  return {
    to: payment.customerEmail,
    subject: `Order ${payment.orderId} remains unpaid`,
    text: lines(
      `we could not collect ${sum(payment)} for order ${payment.orderId}, and stop trying.`,
      'Please write to us if you still want to pay.',
    ),
  };
}

/** Operators are called; `reason` is a clause in plain words. */
export function escalationLetter(payment: Payment, reason: string, writeOffMs: number): Letter {
  return {
    to: 'operators',
    subject: `Payment ${payment.paymentId} needs a decision`,
    text: [
      `Payment ${payment.paymentId} of order ${payment.orderId}: ${sum(payment)}.`,
      `It is not charged any more: ${reason}.`,
      '',
      'Send its workflow the Update resolveRecovery, with the decision approve or write-off.',
      `Without a decision, a new card or a payment it is written off on ${moment(writeOffMs)}.`,
      '',
    ].join('\n'),
  };
}

/** Money was taken while something else ended the recovery: a person has to look. */
export function conflictLetter(payment: Payment, chargeKey: string, meanwhile: string): Letter {
  return {
    to: 'operators',
    subject: `Payment ${payment.paymentId}: check whether a refund is due`,
    text: [
      `Charge ${chargeKey} took ${sum(payment)} for order ${payment.orderId}.`,
      `While it was in flight, ${meanwhile}.`,
      '',
    ].join('\n'),
  };
}

function remedy(code: string, chargeMs: number | undefined): readonly string[] {
  if (chargeMs !== undefined) {
    return [`We will try again on ${moment(chargeMs)}. A new card is charged at once.`];
  }
  if (needsAnotherCard(code)) return ['This card cannot be charged again: please give us another.'];
  return ['Please give us another card: we will charge it at once.'];
}

function sum({ amount, currency }: Payment): string {
  return `${amount} ${currency}`;
}

function lines(...sentences: readonly string[]): string {
  return ['Hello,', '', ...sentences, ''].join('\n');
}
