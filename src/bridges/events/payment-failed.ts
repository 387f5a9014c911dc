/** `payment.failed`: a payment's status became failed, or an application says that it failed. */
import { z } from 'zod';
import type { PaymentFailed } from '../../workflows/index.js';
import { application } from '../matching/application-source.js';
import { change } from '../matching/change-source.js';
import type { EventKind } from '../matching/event-source.js';
import { businessKey, currency, money, moneyColumn } from '../matching/schema.js';
import { paymentStatus } from '../shop-status.js';
import { shopTopics } from '../shop-topics.js';

const type = 'payment.failed';
/** A gateway that gives no code has declined all the same. */
const declineCode = z
  .string()
  .min(1)
  .nullish()
  .transform((code) => code ?? 'unknown');

const row = z.object({
  payment_id: businessKey,
  order_id: businessKey,
  status: paymentStatus,
  customer_email: z.email(),
  amount: moneyColumn(2),
  currency,
  card_token: z.string().min(1),
  decline_code: declineCode,
});

const data = z.object({
  paymentId: businessKey,
  orderId: businessKey,
  customerEmail: z.email(),
  amount: money,
  currency,
  cardToken: z.string().min(1),
  declineCode,
});

export const paymentFailed: EventKind<PaymentFailed> = {
  type,
  sources: [
    change({
      type,
      topic: shopTopics.payments,
      when: ({ becomes }) => becomes('status', 'failed'),
      row,
      data: (payment) => ({
        paymentId: payment.payment_id,
        orderId: payment.order_id,
        customerEmail: payment.customer_email,
        amount: payment.amount,
        currency: payment.currency,
        cardToken: payment.card_token,
        declineCode: payment.decline_code,
      }),
    }),
    application({ type, topic: shopTopics.events, data }),
  ],
};
