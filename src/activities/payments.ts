/**
 * Activities: charging cards through the gateway, and payments in the shop's books.
 *
 * A decline is an answer, not an error: it comes back as a value. Errors are what leaves the outcome
 * open (`GatewayUnavailable`, tried again under the same key) or what no repetition will change
 * (`GatewayRefused`). No error proves that no money moved: an earlier try may have taken it, and its
 * answer have been lost. Only `abandonCharge` tells.
 */
import { cancellationSignal } from '@temporalio/activity';
import type { Pool, PoolClient } from 'pg';
import { z } from 'zod';
import { inBooks } from './books.js';
import { hasHappened, recordEffect } from './effects.js';
import {
  booksFailure,
  gatewayFailure,
  gatewaySilence,
  gatewayUncertain,
  keyAbandoned,
} from './failures.js';
import { type NotOwed, standingOf, whyNotOwed } from './payment-standing.js';

export interface ChargeRequest {
  /** Idempotency key: however often it is sent, it charges once. */
  readonly key: string;
  readonly paymentId: string;
  /** Decimal string in `currency`. */
  readonly amount: string;
  /** ISO 4217. */
  readonly currency: string;
  /** The gateway's name for the card. */
  readonly cardToken: string;
}

export type ChargeOutcome =
  | { readonly status: 'succeeded'; readonly chargeId: string }
  | { readonly status: 'declined'; readonly declineCode: string }
  /** The gateway was not asked this time; an earlier try under the key may have been. */
  | { readonly status: 'not-owed'; readonly because: NotOwed };

export interface PaymentMark {
  readonly paymentId: string;
}

export interface PaidMark {
  readonly changed: boolean;
  /** The money was not owed: somebody else had marked the payment, or its order is cancelled. */
  readonly conflict?: NotOwed;
}

export interface PaymentActivities {
  /**
   * Asks the books whether the payment is still owed, then the gateway.
   * @throws ApplicationFailure `GatewayUnavailable`, `BooksUnavailable`; not retryable
   *   `GatewayRefused`, `BooksRefused`.
   */
  chargeCard(request: ChargeRequest): Promise<ChargeOutcome>;
  /**
   * Closes a key: it took the money already (`succeeded`), or never will (`abandoned`).
   * @throws ApplicationFailure `GatewayUnavailable` for any other answer.
   */
  abandonCharge(of: {
    readonly key: string;
  }): Promise<{ readonly status: 'succeeded' | 'abandoned' }>;
  /** Answers whether anything changed, and whether the money was owed; the same when repeated. */
  markPaymentSucceeded(mark: PaymentMark): Promise<PaidMark>;
  /** Leaves a payment alone that has succeeded. Answers whether anything changed. */
  markWrittenOff(mark: PaymentMark): Promise<{ readonly changed: boolean }>;
}

export interface Gateway {
  readonly url: string;
  readonly token?: string;
}

export interface PaymentDeps {
  readonly pool: Pool;
  readonly gateway: Gateway;
}

const requestTimeoutMs = 20_000;

const outcome = z.union([
  z.object({ status: z.literal('succeeded'), chargeId: z.string() }),
  z.object({ status: z.literal('declined'), declineCode: z.string().min(1) }),
]);
const abandonment = z.object({ status: z.enum(['succeeded', 'abandoned']) });

export function createPayments({ pool, gateway }: PaymentDeps): PaymentActivities {
  return {
    chargeCard: (request) => chargeCard(pool, gateway, request),
    abandonCharge: ({ key }) => abandonCharge(gateway, key),
    markPaymentSucceeded: ({ paymentId }) => markPaid(pool, paymentId),
    markWrittenOff: ({ paymentId }) =>
      inBooks(pool, async (books) => ({ changed: await mark(books, paymentId, 'written_off') })),
  };
}

async function chargeCard(
  pool: Pool,
  gateway: Gateway,
  { key, ...charge }: ChargeRequest,
): Promise<ChargeOutcome> {
  const because = whyNotOwed(await booksOn(pool, charge.paymentId));
  if (because !== undefined) return { status: 'not-owed', because };
  const { status, text } = await post(gateway, '/charges', charge, { 'idempotency-key': key });
  if (status === 409 && abandonment.safeParse(jsonOf(text)).success) throw keyAbandoned();
  if (status !== 200 && status !== 402) throw gatewayFailure(status, text);
  const answer = outcome.safeParse(jsonOf(text));
  // An answer nobody understands leaves the outcome open, like no answer.
  if (!answer.success) throw gatewayUncertain(status, text);
  if (answer.data.status === 'succeeded') await recordCharge(pool, key);
  return answer.data;
}

async function booksOn(pool: Pool, paymentId: string) {
  try {
    return await standingOf(pool, paymentId);
  } catch (error) {
    throw booksFailure(error);
  }
}

/** The money has moved: a witness that is away must not make it look as if it had not. */
async function recordCharge(pool: Pool, key: string): Promise<void> {
  await recordEffect(pool, 'charge', `charge/${key}`).catch(() => undefined);
}

async function abandonCharge(gateway: Gateway, key: string) {
  const path = `/charges/${encodeURIComponent(key)}/abandon`;
  const { status, text } = await post(gateway, path, {}, {});
  const answer = abandonment.safeParse(jsonOf(text));
  // Until it says what became of the key, nothing is known, whatever the reason that it gives.
  if (status !== 200 || !answer.success) throw gatewayUncertain(status, text);
  return answer.data;
}

async function post(
  { url, token }: Gateway,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([cancellationSignal(), AbortSignal.timeout(requestTimeoutMs)]),
    });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    // A worker that shuts down says so itself; all else is the gateway's silence.
    cancellationSignal().throwIfAborted();
    throw gatewaySilence(error);
  }
}

async function markPaid(pool: Pool, paymentId: string): Promise<PaidMark> {
  return inBooks(pool, async (books) => {
    const changed = await mark(books, paymentId, 'succeeded');
    const standing = await standingOf(books, paymentId);
    if (standing?.order === 'cancelled') return { changed, conflict: 'order-cancelled' };
    // A repetition finds its own entry, which is no conflict.
    const isOurs = changed || (await hasHappened(books, effectOf(paymentId, 'succeeded')));
    if (standing === undefined || isOurs) return { changed };
    return { changed, conflict: 'paid' };
  });
}

type MarkedStatus = 'succeeded' | 'written_off';

async function mark(books: PoolClient, paymentId: string, status: MarkedStatus): Promise<boolean> {
  const { rowCount } = await books.query(
    `update payments set status = $2, updated_at = now()
     where payment_id = $1 and status not in ('succeeded', $2)`,
    [paymentId, status],
  );
  const changed = rowCount === 1;
  if (changed) await recordEffect(books, 'payment', effectOf(paymentId, status));
  return changed;
}

function effectOf(paymentId: string, status: MarkedStatus): string {
  return `payment/${paymentId}/${status}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
