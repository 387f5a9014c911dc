/** `shipment.delivered`: the carrier handed the parcel over. */
import { z } from 'zod';
import type { ShipmentDelivered } from '../../workflows/index.js';
import { application } from '../application-source.js';
import type { EventKind } from '../event-source.js';
import { businessKey } from '../schema.js';
import { shopTopics } from '../shop-topics.js';

const type = 'shipment.delivered';
const data = z.object({ orderId: businessKey });

export const shipmentDelivered: EventKind<ShipmentDelivered> = {
  type,
  sources: [application({ type, topic: shopTopics.events, data })],
};
