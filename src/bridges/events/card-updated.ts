/** `card.updated`: the customer gave another card for a payment. */
import { z } from 'zod';
import type { CardUpdated } from '../../workflows/index.js';
import { application } from '../matching/application-source.js';
import type { EventKind } from '../matching/event-source.js';
import { businessKey } from '../matching/schema.js';
import { shopTopics } from '../shop-topics.js';

const type = 'card.updated';
const data = z.object({ paymentId: businessKey, cardToken: z.string().min(1) });

export const cardUpdated: EventKind<CardUpdated> = {
  type,
  sources: [application({ type, topic: shopTopics.events, data })],
};
