/** Shell: the rows of the shop's books that statements are about. */
import type { Pool } from 'pg';
import type { Book } from '../workflows/index.js';
import type { BookRow } from './drift.js';
import type { Statement } from './evidence.js';

const keysAtOnce = 5_000;

/** Keys are compared as text, because events carry them so whatever the column's type. */
const queries: Readonly<Record<Book, string>> = {
  orders: `select order_id::text as key, amount::text as amount, currency::text as currency
    from public.orders where order_id::text = any($1::text[])`,
  payments: `select payment_id::text as key, amount::text as amount, currency::text as currency
    from public.payments where payment_id::text = any($1::text[])`,
};

/** The rows that exist, in no order. */
export async function rowsOf(
  pool: Pool,
  statements: readonly Statement[],
  heartbeat: () => void,
): Promise<readonly BookRow[]> {
  const rows: BookRow[] = [];
  for (const book of ['orders', 'payments'] as const) {
    const keys = statements.filter((each) => each.book === book).map(({ key }) => key);
    for (let at = 0; at < keys.length; at += keysAtOnce) {
      heartbeat();
      const some = keys.slice(at, at + keysAtOnce);
      const answer = await pool.query<Omit<BookRow, 'book'>>(queries[book], [some]);
      rows.push(...answer.rows.map((row) => ({ ...row, book })));
    }
  }
  return rows;
}
