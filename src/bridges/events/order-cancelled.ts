/** `order.cancelled`: an order's status became cancelled, whatever it was. */
import { z } from 'zod';
import type { OrderCancelled } from '../../workflows/index.js';
import { application, becomes, change, type EventKind } from '../event-source.js';
import { businessKey } from '../schema.js';
import { shopTopics } from '../shop-topics.js';

const type = 'order.cancelled';
const row = z.object({ order_id: businessKey });
const data = z.object({ orderId: businessKey, paymentId: businessKey.optional() });

export const orderCancelled: EventKind<OrderCancelled> = {
  type,
  sources: [
    change<OrderCancelled, z.infer<typeof row>>({
      type,
      topic: shopTopics.orders,
      when: becomes('status', 'cancelled'),
      row,
      data: ({ order_id }) => ({ orderId: order_id }),
    }),
    application<OrderCancelled>({ type, topic: shopTopics.events, data }),
  ],
};
