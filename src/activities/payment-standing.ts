/** What the shop's books say of a payment and its order: whether there is anything to charge for. */
import type { Pool, PoolClient } from 'pg';

/** Why a payment is not owed. */
export type NotOwed = 'paid' | 'order-cancelled';

export interface PaymentStanding {
  readonly payment: string;
  /** Null where the books have no such order. */
  readonly order: string | null;
}

/** `undefined` where the books have no such payment: all that is known then is its event. */
export async function standingOf(
  books: Pool | PoolClient,
  paymentId: string,
): Promise<PaymentStanding | undefined> {
  const { rows } = await books.query<PaymentStanding>(
    `select p.status as payment, o.status as "order"
     from payments p left join orders o on o.order_id = p.order_id where p.payment_id = $1`,
    [paymentId],
  );
  return rows[0];
}

/** `undefined` when it is owed, as far as the books know. */
export function whyNotOwed(standing: PaymentStanding | undefined): NotOwed | undefined {
  if (standing?.payment === 'succeeded') return 'paid';
  const isCancelled = standing?.payment === 'cancelled' || standing?.order === 'cancelled';
  return isCancelled ? 'order-cancelled' : undefined;
}
