/** `order.confirmed`: an order's status went from pending to confirmed. */
import { z } from 'zod';
import type { OrderConfirmed } from '../../workflows/index.js';
import { application } from '../matching/application-source.js';
import { change } from '../matching/change-source.js';
import type { EventKind } from '../matching/event-source.js';
import { businessKey, currency, money, moneyColumn } from '../matching/schema.js';
import { orderStatus } from '../shop-status.js';
import { shopTopics } from '../shop-topics.js';

const type = 'order.confirmed';
const quantity = z.number().int().positive();

const row = z.object({
  order_id: businessKey,
  status: orderStatus,
  customer_email: z.email(),
  amount: moneyColumn(2),
  currency,
  sku: z.string().min(1),
  quantity,
});

const data = z.object({
  orderId: businessKey,
  customerEmail: z.email(),
  amount: money,
  currency,
  sku: z.string().min(1),
  quantity,
});

export const orderConfirmed: EventKind<OrderConfirmed> = {
  type,
  sources: [
    change({
      type,
      topic: shopTopics.orders,
      when: ({ changed }) => changed('status', 'pending', 'confirmed'),
      row,
      data: ({ order_id, customer_email, ...rest }) => ({
        orderId: order_id,
        customerEmail: customer_email,
        amount: rest.amount,
        currency: rest.currency,
        sku: rest.sku,
        quantity: rest.quantity,
      }),
    }),
    application({ type, topic: shopTopics.events, data }),
  ],
};
