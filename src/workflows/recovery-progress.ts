/** How a recovery's progress changes with what happens to it. Pure. */
import { escalationDays, isHardDecline, nextStep, type Step } from './dunning.js';
import type { CardUpdated, PaymentFailed } from './payments.js';
import type { RecoveryProgress } from './recovery.js';

/** Progress of a recovery that knows its payment. */
export type KnownProgress = RecoveryProgress & { readonly payment: PaymentFailed['data'] };

/** What is to be done next if nothing comes in. Times in ms since the epoch. */
export interface Plan {
  readonly kind: Step['kind'] | 'write-off';
  /** The day of the schedule this belongs to. */
  readonly day: number;
  readonly atMs: number;
}

/** Nothing is known yet. */
export const nothingKnown: RecoveryProgress = {
  cardToken: '',
  declineCode: 'unknown',
  attempts: 0,
  clockMs: 0,
  reachedDay: 0,
  cardIsNew: false,
};

export function isKnown(progress: RecoveryProgress): progress is KnownProgress {
  return progress.payment !== undefined;
}

/** The payment failed: for the first time, or again by somebody else's attempt. */
export function afterFailure(
  progress: RecoveryProgress,
  { data }: PaymentFailed,
  nowMs: number,
): RecoveryProgress {
  const known = progress.payment;
  // A card given to us is newer than the one the books repeat with every failure.
  const cardToken = known?.cardToken === data.cardToken ? progress.cardToken : data.cardToken;
  const clockMs = known === undefined ? nowMs : progress.clockMs;
  return { ...progress, payment: data, declineCode: data.declineCode, cardToken, clockMs };
}

/** A new card: a schedule of its own begins, with a charge at once. A dead card is not new. */
export function afterNewCard(
  progress: RecoveryProgress,
  { data }: CardUpdated,
  nowMs: number,
): RecoveryProgress {
  const isSame = data.cardToken === progress.cardToken;
  if (isSame && isHardDecline(progress.declineCode)) return progress;
  const { payment, attempts, declineCode } = progress;
  return {
    ...(payment === undefined ? {} : { payment }),
    attempts,
    declineCode,
    cardToken: data.cardToken,
    clockMs: nowMs,
    reachedDay: 0,
    cardIsNew: true,
  };
}

/** The charge planned for `day` was declined. */
export function afterDecline(
  progress: RecoveryProgress,
  declineCode: string,
  day: number,
): RecoveryProgress {
  const attempts = progress.attempts + 1;
  return { ...progress, attempts, declineCode, reachedDay: day, cardIsNew: false };
}

/** What comes next for a payment that is known. */
export function planOf(progress: RecoveryProgress, dayMs: number): Plan {
  const { cardIsNew, clockMs, declineCode, escalatedMs, reachedDay } = progress;
  if (escalatedMs !== undefined) {
    const atMs = escalatedMs + escalationDays * dayMs;
    return { kind: 'write-off', day: reachedDay, atMs };
  }
  if (cardIsNew) return { kind: 'charge', day: 0, atMs: clockMs };
  const { kind, day } = nextStep(declineCode, reachedDay);
  return { kind, day, atMs: clockMs + day * dayMs };
}
