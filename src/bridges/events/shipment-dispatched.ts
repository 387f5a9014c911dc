/** `shipment.dispatched`: a confirmed order's status became shipped, or the carrier says so. */
import { z } from 'zod';
import type { ShipmentDispatched } from '../../workflows/index.js';
import { application, change, changed, type EventKind } from '../event-source.js';
import { businessKey } from '../schema.js';
import { shopTopics } from '../shop-topics.js';

const type = 'shipment.dispatched';
const row = z.object({ order_id: businessKey });
const data = z.object({ orderId: businessKey, trackingNumber: z.string().min(1).optional() });

export const shipmentDispatched: EventKind<ShipmentDispatched> = {
  type,
  sources: [
    change<ShipmentDispatched, z.infer<typeof row>>({
      type,
      topic: shopTopics.orders,
      when: changed('status', 'confirmed', 'shipped'),
      row,
      data: ({ order_id }) => ({ orderId: order_id }),
    }),
    application<ShipmentDispatched>({ type, topic: shopTopics.events, data }),
  ],
};
