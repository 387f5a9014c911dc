/** A recovery as others see it: its status, and which resolutions it takes. Pure. */
import type { RecoveryOutcome, RecoveryProgress, RecoveryStatus, Resolution } from './recovery.js';
import { isKnown, type KnownProgress, type Plan, planOf } from './recovery-progress.js';
import { moment } from './visibility.js';

/** The steps in plain words. */
export const stepNames: Readonly<Record<Plan['kind'], string>> = {
  charge: 'charge the card',
  remind: 'remind the customer',
  escalate: 'call the operators',
  'write-off': 'write the payment off',
};

/** What a recovery is at, besides its progress. */
export interface Standing {
  readonly dayMs: number;
  readonly duplicates: number;
  readonly isCharging: boolean;
  readonly outcome?: RecoveryOutcome | undefined;
}

/** The answer to the query `recoveryStatus`. */
export function statusOf(progress: RecoveryProgress, standing: Standing): RecoveryStatus {
  const { attempts, declineCode } = progress;
  const { dayMs, duplicates, isCharging, outcome } = standing;
  const known = { attempts, declineCode, duplicates };
  if (outcome !== undefined) return { stage: 'settled', outcome, ...known };
  if (isCharging) return { stage: 'charging', ...known };
  if (!isKnown(progress)) return { stage: 'waiting', ...known };
  const { kind, atMs } = planOf(progress, dayMs);
  const next = { step: stepNames[kind], at: new Date(atMs).toISOString() };
  return { stage: kind === 'write-off' ? 'escalated' : 'waiting', next, ...known };
}

/** What a recovery waits for: a title, and sentences. */
export function waitingInWords(
  { kind, atMs }: Plan,
  { payment, declineCode }: KnownProgress,
): readonly [string, ...string[]] {
  return [
    kind === 'write-off' ? 'Escalated: waiting for a decision' : 'Waiting',
    `Payment ${payment.paymentId} of order ${payment.orderId} was declined: ${declineCode}.`,
    `Next: ${stepNames[kind]} on ${moment(atMs)}. A payment, a cancelled order, a new card or an ` +
      'operator comes first.',
  ];
}

/** What is wrong with a resolution, whatever the state of the recovery; it comes from outside. */
export function objectionTo({ decision, by }: Partial<Resolution>): string | undefined {
  if (decision !== 'approve' && decision !== 'write-off') {
    return `decision ${JSON.stringify(decision)} is neither "approve" nor "write-off"`;
  }
  if (typeof by !== 'string' || by.trim() === '') return 'say in "by" who decides';
  return undefined;
}
