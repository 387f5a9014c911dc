import { type Event, openInbox, type Opening } from 'headrace/workflow';

export type OrderPlaced = Event<'order.placed', { readonly orderId: string }>;

export async function greetCustomer(input: Opening<OrderPlaced>): Promise<string> {
  const inbox = openInbox<OrderPlaced>(input);
  const event = await inbox.next(['order.placed'], '1 day');
  return event === undefined ? 'nothing came' : `thank you for ${event.data.orderId}`;
}
