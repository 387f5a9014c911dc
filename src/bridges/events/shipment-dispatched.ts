/** `shipment.dispatched`: a confirmed order's status became shipped, or the carrier says so. */
import { z } from 'zod';
import type { ShipmentDispatched } from '../../workflows/index.js';
import { application } from '../matching/application-source.js';
import { change } from '../matching/change-source.js';
import type { EventKind } from '../matching/event-source.js';
import { businessKey } from '../matching/schema.js';
import { orderStatus } from '../shop-status.js';
import { shopTopics } from '../shop-topics.js';

const type = 'shipment.dispatched';
const row = z.object({ order_id: businessKey, status: orderStatus });
const data = z.object({ orderId: businessKey, trackingNumber: z.string().min(1).optional() });

export const shipmentDispatched: EventKind<ShipmentDispatched> = {
  type,
  sources: [
    change({
      type,
      topic: shopTopics.orders,
      when: ({ changed }) => changed('status', 'confirmed', 'shipped'),
      row,
      data: ({ order_id }) => ({ orderId: order_id }),
    }),
    application({ type, topic: shopTopics.events, data }),
  ],
};
