/** The topics of the shop: Debezium's, named after its prefix and the tables, and the shop's own. */
export const shopTopics = {
  orders: 'shop.public.orders',
  payments: 'shop.public.payments',
  events: 'shop.events',
} as const;

/** Where records go that could not be acted on. */
export const deadLetterTopic = 'headrace.dead-letters';
