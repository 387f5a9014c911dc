/** `shipment.delivered`: the carrier handed the parcel over. */
import { z } from 'zod';
import type { ShipmentDelivered } from '../../workflows/index.js';
import { application } from '../matching/application-source.js';
import type { EventKind } from '../matching/event-source.js';
import { businessKey } from '../matching/schema.js';
import { shopTopics } from '../shop-topics.js';

const type = 'shipment.delivered';
const data = z.object({ orderId: businessKey });

export const shipmentDelivered: EventKind<ShipmentDelivered> = {
  type,
  sources: [application({ type, topic: shopTopics.events, data })],
};
