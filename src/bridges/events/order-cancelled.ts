/** `order.cancelled`: an order's status became cancelled, whatever it was. */
import { z } from 'zod';
import type { OrderCancelled } from '../../workflows/index.js';
import { application } from '../matching/application-source.js';
import { change } from '../matching/change-source.js';
import type { EventKind } from '../matching/event-source.js';
import { businessKey } from '../matching/schema.js';
import { orderStatus } from '../shop-status.js';
import { shopTopics } from '../shop-topics.js';

const type = 'order.cancelled';
const row = z.object({ order_id: businessKey, status: orderStatus });
const data = z.object({ orderId: businessKey, paymentId: businessKey.optional() });

export const orderCancelled: EventKind<OrderCancelled> = {
  type,
  sources: [
    change({
      type,
      topic: shopTopics.orders,
      when: ({ becomes }) => becomes('status', 'cancelled'),
      row,
      data: ({ order_id }) => ({ orderId: order_id }),
    }),
    application({ type, topic: shopTopics.events, data }),
  ],
};
