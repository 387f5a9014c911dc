/** `payment.succeeded`: a payment's status became succeeded, by whatever road. */
import { z } from 'zod';
import type { PaymentSucceeded } from '../../workflows/index.js';
import { application } from '../matching/application-source.js';
import { change } from '../matching/change-source.js';
import type { EventKind } from '../matching/event-source.js';
import { businessKey, currency, money, moneyColumn } from '../matching/schema.js';
import { paymentStatus } from '../shop-status.js';
import { shopTopics } from '../shop-topics.js';

const type = 'payment.succeeded';
const row = z.object({
  payment_id: businessKey,
  order_id: businessKey,
  status: paymentStatus,
  amount: moneyColumn(2),
  currency,
});
const data = z.object({ paymentId: businessKey, orderId: businessKey, amount: money, currency });

export const paymentSucceeded: EventKind<PaymentSucceeded> = {
  type,
  sources: [
    change({
      type,
      topic: shopTopics.payments,
      when: ({ becomes }) => becomes('status', 'succeeded'),
      row,
      data: ({ payment_id, order_id, amount, currency: code }) => ({
        paymentId: payment_id,
        orderId: order_id,
        amount,
        currency: code,
      }),
    }),
    application({ type, topic: shopTopics.events, data }),
  ],
};
