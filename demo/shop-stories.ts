/** The ways an order of the demo can go; every path of the routes is in one of them. */
import type { Order, Steps } from './shop-steps.js';

/** One way an order can go; `walk` takes the steps, waiting between them. */
interface Story {
  readonly name: string;
  readonly sku?: string;
  readonly cardToken?: string;
  walk(shop: Steps, order: Order): Promise<void>;
}

const shipped = async (shop: Steps, order: Order): Promise<void> => {
  const orderId = String(order.orderId);
  await shop.wait();
  await shop.setOrder(order, 'shipped');
  await shop.wait();
  await shop.publish('shipment.delivered', orderId, { orderId });
};

const stories: readonly Story[] = [
  {
    name: 'confirmed, paid, shipped, delivered',
    walk: async (shop, order) => {
      await shop.setOrder(order, 'confirmed');
      await shop.pay(order);
      await shipped(shop, order);
    },
  },
  {
    name: 'payment fails, a later retry succeeds',
    cardToken: 'tok_insufficient_then_ok',
    walk: async (shop, order) => {
      await shop.failPayment(order, 'insufficient_funds');
      await shop.setOrder(order, 'confirmed');
      await shipped(shop, order);
    },
  },
  {
    name: 'card expired, the customer gives another',
    cardToken: 'tok_expired',
    walk: async (shop, order) => {
      const { paymentId } = order;
      await shop.failPayment(order, 'expired_card');
      await shop.wait(2);
      await shop.publish('card.updated', paymentId, { paymentId, cardToken: 'tok_ok' });
    },
  },
  {
    name: 'payment fails, then is paid by another road',
    cardToken: 'tok_insufficient',
    walk: async (shop, order) => {
      await shop.failPayment(order, 'insufficient_funds');
      await shop.wait();
      await shop.pay(order);
    },
  },
  {
    name: 'payment fails, then the order is cancelled',
    cardToken: 'tok_insufficient',
    walk: async (shop, order) => {
      const { paymentId } = order;
      const orderId = String(order.orderId);
      await shop.failPayment(order, 'insufficient_funds');
      await shop.wait();
      await shop.publish('order.cancelled', orderId, { orderId, paymentId });
    },
  },
  {
    name: 'stolen card: never retried, escalated',
    cardToken: 'tok_stolen',
    walk: (shop, order) => shop.failPayment(order, 'stolen_card'),
  },
  {
    name: 'confirmed, then cancelled: the stock is released',
    walk: async (shop, order) => {
      await shop.setOrder(order, 'confirmed');
      await shop.wait();
      await shop.setOrder(order, 'cancelled');
    },
  },
  {
    name: 'confirmed, but out of stock',
    sku: 'rare-lamp',
    walk: (shop, order) => shop.setOrder(order, 'confirmed'),
  },
  {
    name: 'a change that concerns no route',
    walk: (shop, order) => shop.correctEmail(order),
  },
  {
    name: 'a record that is not JSON',
    walk: (shop, order) => shop.publishRaw(String(order.orderId), '{"id": "half an ev'),
  },
];

export const firstOrder = 1001;

/** Stories follow one another, order by order. */
export function storyOf(orderId: number): Story {
  const story = stories[(orderId - firstOrder) % stories.length] ?? stories[0];
  if (story === undefined) throw new Error('shop: there are no stories');
  return story;
}

/** The order of that number, as its story needs it. */
export function orderOf(orderId: number): Order {
  const story = storyOf(orderId);
  const cents = orderId === firstOrder ? 24_999 : 1_000 + ((orderId * 7_919) % 40_000);
  return {
    orderId,
    paymentId: `pay-${String(orderId)}`,
    amount: (cents / 100).toFixed(2),
    sku: story.sku ?? 'lamp',
    cardToken: story.cardToken ?? 'tok_ok',
  };
}
