/** Everything a worker can do to the world. One file per noun; this one only puts them together. */
import type { Transporter } from 'nodemailer';
import type { Pool } from 'pg';
import { createNotices } from './notices.js';
import { createOrders } from './orders.js';
import { createPayments, type Gateway } from './payments.js';
import { createReconciliation, type ReconciliationDeps } from './reconciliation.js';
import { createStock } from './stock.js';

export { ensureSchema } from './books.js';
export type { Expectation } from './expectation.js';

export interface ActivityDeps {
  readonly pool: Pool;
  readonly mailer: Transporter;
  readonly gateway: Gateway;
  /** Where mails to operators go. */
  readonly operators: string;
  /** The sender of every mail. */
  readonly from: string;
  readonly reconciliation: Omit<ReconciliationDeps, 'operators'>;
}

/** All activities, ready to be registered. */
export function createActivities(deps: ActivityDeps) {
  const { pool, operators } = deps;
  return {
    ...createPayments(deps),
    ...createOrders(pool),
    ...createStock(pool),
    ...createNotices(deps),
    ...createReconciliation({ ...deps.reconciliation, operators }),
  };
}
