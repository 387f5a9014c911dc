/** `payment.succeeded`: a payment's status became succeeded, by whatever road. */
import { z } from 'zod';
import type { PaymentSucceeded } from '../../workflows/index.js';
import { application, becomes, change, type EventKind } from '../event-source.js';
import { businessKey, currency, money, moneyColumn } from '../schema.js';
import { shopTopics } from '../shop-topics.js';

const type = 'payment.succeeded';
const row = z.object({
  payment_id: businessKey,
  order_id: businessKey,
  amount: moneyColumn(2),
  currency,
});
const data = z.object({ paymentId: businessKey, orderId: businessKey, amount: money, currency });

export const paymentSucceeded: EventKind<PaymentSucceeded> = {
  type,
  sources: [
    change<PaymentSucceeded, z.infer<typeof row>>({
      type,
      topic: shopTopics.payments,
      when: becomes('status', 'succeeded'),
      row,
      data: ({ payment_id, order_id, amount, currency: code }) => ({
        paymentId: payment_id,
        orderId: order_id,
        amount,
        currency: code,
      }),
    }),
    application<PaymentSucceeded>({ type, topic: shopTopics.events, data }),
  ],
};
