/** The mail of one recovery: which letter is due when, each under a key of its own. */
import { workflowInfo } from '@temporalio/workflow';
import { NoticeQueue } from './notice-queue.js';
import type { RecoveryProgress, RecoveryResult } from './recovery.js';
import { sendNotice } from './recovery-calls.js';
import * as letters from './recovery-notices.js';
import { type KnownProgress, planOf } from './recovery-progress.js';

type Payment = KnownProgress['payment'];

export class RecoveryMail {
  readonly #notices = new NoticeQueue(sendNotice);
  readonly #dayMs: number;

  constructor(dayMs: number) {
    this.#dayMs = dayMs;
  }

  /** Nothing is on its way. */
  get isEmpty(): boolean {
    return this.#notices.isEmpty;
  }

  /** Resolves when every letter was sent or given up. */
  emptied(): Promise<void> {
    return this.#notices.emptied();
  }

  /** The payment failed, or our charge was declined: `key` says which. */
  failed(progress: RecoveryProgress, payment: Payment, key: string): void {
    const plan = planOf(progress, this.#dayMs);
    // The letter that it is over follows at once; two of them would confuse.
    if (plan.kind === 'escalate' && progress.attempts > 0) return;
    const chargeMs = plan.kind === 'charge' ? plan.atMs : undefined;
    this.#post(key, letters.failureLetter(payment, progress.declineCode, chargeMs));
  }

  /** The schedule reminds on `day`. */
  reminded({ attempts, payment }: KnownProgress, day: number): void {
    this.#post(`remind/${attempts}/${day}`, letters.reminderLetter(payment));
  }

  /** Operators are called, as `progress` says; `reason` is a clause in plain words. */
  escalated(progress: KnownProgress, reason: string): void {
    const { atMs } = planOf(progress, this.#dayMs);
    const letter = letters.escalationLetter(progress.payment, reason, atMs);
    this.#post(`escalated/${progress.attempts}`, letter);
  }

  /** It is over; `meanwhile`: what would have made its last charge needless. */
  ended(
    { outcome, chargedKey }: Omit<RecoveryResult, 'attempts'>,
    payment: Payment,
    meanwhile: string | undefined,
  ): void {
    if (outcome === 'recovered') this.#post('recovered', letters.thanksLetter(payment));
    if (outcome === 'written-off') this.#post('written-off', letters.finalLetter(payment));
    if (chargedKey === undefined || meanwhile === undefined) return;
    this.#post('conflict', letters.conflictLetter(payment, chargedKey, meanwhile));
  }

  #post(key: string, letter: letters.Letter): void {
    this.#notices.post({ key: `${workflowInfo().workflowId}/${key}`, ...letter });
  }
}
