/** One charge in flight, and what becomes of it when something urgent comes in. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
} from '@temporalio/workflow';
import type { ChargeOutcome, ChargeRequest } from '../activities/payments.js';
import { abandonCharge, charge } from './recovery-calls.js';

type NotOwedAnswer = Extract<ChargeOutcome, { status: 'not-owed' }>;

/** How an attempt ended. Only `succeeded` took money, but for what stays unsettled. */
export type Attempted =
  | { readonly status: 'succeeded' }
  | { readonly status: 'declined'; readonly declineCode: string }
  | { readonly status: 'abandoned' }
  | { readonly status: 'not-owed'; readonly outcome: 'paid-elsewhere' | 'order-cancelled' }
  /** `unsettledKey`: the gateway did not say what became of it. */
  | { readonly status: 'refused'; readonly reason: string; readonly unsettledKey?: string };

/**
 * Charges the card unless `isUrgent` becomes true before the gateway answers. An attempt without an
 * outcome is settled with the gateway: it took the money, or its key can take none any more.
 * @throws CancelledFailure when the workflow itself is cancelled, and no money was taken.
 */
export async function attemptCharge(
  request: ChargeRequest,
  attempt: number,
  isUrgent: () => boolean,
): Promise<Attempted> {
  const flight = new CancellationScope();
  let isOver = false;
  const watch = condition(() => isOver || isUrgent()).then(() => {
    if (!isOver) flight.cancel();
  });
  // A workflow that is cancelled cancels the watch as well; the flight tells of it.
  watch.catch(() => undefined);
  try {
    const outcome = await flight.run(() => charge(request, attempt));
    return outcome.status === 'not-owed' ? await endNotOwed(request.key, outcome) : outcome;
  } catch (error) {
    const reason = reasonOf(error);
    // Older code took a refusal for proof that no money moved.
    if (isRefusal(error) && !patched('settle-refusals')) return { status: 'refused', reason };
    const status = await settle(request.key);
    if (status === 'succeeded') return { status };
    if (status === undefined) return unsettled(request.key, reason);
    if (!isCancellation(error)) return { status: 'refused', reason };
    if (CancellationScope.current().consideredCancelled) throw error;
    return { status: 'abandoned' };
  } finally {
    isOver = true;
  }
}

/** The books say so now; an earlier try under the same key may have taken the money all the same. */
async function endNotOwed(key: string, { because }: NotOwedAnswer): Promise<Attempted> {
  const status = await settle(key);
  if (status === 'succeeded') return { status };
  if (status === undefined) return unsettled(key, `the books say: ${because}`);
  return { status: 'not-owed', outcome: because === 'paid' ? 'paid-elsewhere' : because };
}

function unsettled(key: string, why: string): Attempted {
  const reason = `whether charge ${key} took the money is not known; ask the gateway (${why})`;
  return { status: 'refused', reason, unsettledKey: key };
}

/** What became of the key; `undefined` when the gateway would not say, in all that time. */
async function settle(key: string): Promise<'succeeded' | 'abandoned' | undefined> {
  try {
    const { status } = await CancellationScope.nonCancellable(() => abandonCharge({ key }));
    return status;
  } catch (error) {
    if (error instanceof ActivityFailure) return undefined;
    throw error;
  }
}

/** The gateway answered that it will not have this request; an earlier one may have taken money. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'GatewayRefused'
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof ActivityFailure) return error.cause?.message ?? error.message;
  return String(error);
}
