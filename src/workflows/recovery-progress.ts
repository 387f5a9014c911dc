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

/** Lists the dead cards, as far as progress of older code tells of them. */
export function withDeadCards(progress: RecoveryProgress): RecoveryProgress {
  if (progress.deadCards !== undefined) return progress;
  const { cardIsNew, cardToken, declineCode, payment } = progress;
  const first = payment !== undefined && isHardDecline(payment.declineCode);
  const last = !cardIsNew && isHardDecline(declineCode);
  const deadCards = [...(first ? [payment.cardToken] : []), ...(last ? [cardToken] : [])];
  return { ...progress, deadCards };
}

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
  const { declineCode } = data;
  const dead = deadAfter(progress, declineCode, data.cardToken);
  // A card given to us is newer than the one the books repeat with every failure.
  const isOlder =
    known?.cardToken === data.cardToken ||
    (known !== undefined && isDead({ ...progress, ...dead }, data.cardToken));
  const cardToken = isOlder ? progress.cardToken : data.cardToken;
  const clockMs = known === undefined ? nowMs : progress.clockMs;
  return { ...progress, payment: data, declineCode, ...dead, cardToken, clockMs };
}

/**
 * A new card: a schedule of its own begins, with a charge at once. A dead card is not new; and while
 * the last charge is unsettled, no other is made.
 */
export function afterNewCard(
  progress: RecoveryProgress,
  { data }: CardUpdated,
  nowMs: number,
): RecoveryProgress {
  const isSame = data.cardToken === progress.cardToken;
  if (isSame && isHardDecline(progress.declineCode)) return progress;
  if (isDead(progress, data.cardToken) || progress.unsettledKey !== undefined) return progress;
  const { payment, attempts, declineCode, deadCards } = progress;
  return {
    ...(payment === undefined ? {} : { payment }),
    ...(deadCards === undefined ? {} : { deadCards }),
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
  const dead = deadAfter(progress, declineCode, progress.cardToken);
  return { ...progress, attempts, declineCode, ...dead, reachedDay: day, cardIsNew: false };
}

/** The charge was refused; `unsettledKey`: it may have taken the money all the same. */
export function afterRefusal(progress: KnownProgress, unsettledKey?: string): KnownProgress {
  const attempts = progress.attempts + 1;
  const unsettled = unsettledKey === undefined ? {} : { unsettledKey };
  return { ...progress, attempts, cardIsNew: false, ...unsettled };
}

/** What comes next for a payment that is known. */
export function planOf(progress: RecoveryProgress, dayMs: number): Plan {
  const { cardIsNew, cardToken, clockMs, declineCode, escalatedMs, reachedDay } = progress;
  if (escalatedMs !== undefined) {
    const atMs = escalatedMs + escalationDays * dayMs;
    return { kind: 'write-off', day: reachedDay, atMs };
  }
  if (isDead(progress, cardToken)) {
    return { kind: 'escalate', day: reachedDay, atMs: clockMs + reachedDay * dayMs };
  }
  if (cardIsNew) return { kind: 'charge', day: 0, atMs: clockMs };
  const { kind, day } = nextStep(declineCode, reachedDay);
  return { kind, day, atMs: clockMs + day * dayMs };
}

/** What `declineCode`, said of a card, adds to the list; a run of older code has none. */
function deadAfter(
  { deadCards }: RecoveryProgress,
  declineCode: string,
  cardToken: string,
): Pick<RecoveryProgress, 'deadCards'> {
  if (deadCards === undefined || !isHardDecline(declineCode)) return {};
  return { deadCards: [...new Set([...deadCards, cardToken])] };
}

function isDead({ deadCards }: RecoveryProgress, cardToken: string): boolean {
  return deadCards?.includes(cardToken) === true;
}
