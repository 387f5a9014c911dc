/**
 * `recoverPayment`: a payment failed; charges its card again by the dunning schedule, tells the
 * customer, calls operators at the end, and stops the moment nothing is owed any more.
 *
 * P1 An attempt has one idempotency key, counted through continue-as-new and never used again once
 *    its outcome is known.
 * P2 A charge without an outcome, interrupted or refused, is settled with the gateway before anything
 *    else is done: either it took the money, or its key can take none any more.
 * P3 A card is never charged again after a hard decline, whatever came in between; another may be.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { type Inbox, openInbox, type Opening } from './inbox.js';
import {
  beforeFailure,
  type RecoverPayment,
  type RecoveryEvent,
  type RecoveryProgress,
  type RecoveryResult,
  type RecoveryStatus,
  recoveryStatusQuery,
  type Resolution,
  resolveRecoveryUpdate,
  urgent,
} from './recovery.js';
import { attemptCharge } from './recovery-attempt.js';
import { markPaymentSucceeded, markWrittenOff } from './recovery-calls.js';
import { inBooks, meanwhile } from './recovery-conflict.js';
import { RecoveryMail } from './recovery-mail.js';
import {
  afterDecline,
  afterFailure,
  afterNewCard,
  afterRefusal,
  isKnown,
  type KnownProgress,
  nothingKnown,
  type Plan,
  planOf,
  withDeadCards,
} from './recovery-progress.js';
import { RecoveryResolution } from './recovery-resolution.js';
import { statusOf, stepNames, waitingInWords } from './recovery-status.js';
import { describe, updateSearchAttributes } from './visibility.js';

const day = 86_400_000;

interface Ending extends Omit<RecoveryResult, 'attempts'> {
  readonly resolution?: Resolution;
}

/** Recovers one failed payment; see `RecoverPayment`. */
export async function recoverPayment(input: RecoverPayment): Promise<RecoveryResult> {
  const recovery = new Recovery(input);
  const ending = await recovery.pursue();
  return CancellationScope.nonCancellable(() => recovery.settle(ending));
}

class Recovery {
  readonly #input: RecoverPayment;
  readonly #dayMs: number;
  readonly #inbox: Inbox<RecoveryEvent>;
  readonly #mail: RecoveryMail;
  readonly #resolution = new RecoveryResolution();
  #progress: RecoveryProgress;
  #ending: Ending | undefined;
  #isCharging = false;

  constructor(input: RecoverPayment) {
    const { dayMs = day, progress = nothingKnown } = input;
    this.#input = input;
    this.#dayMs = dayMs;
    this.#mail = new RecoveryMail(dayMs);
    // Runs that began with older code decide as it did, or they could not be replayed.
    this.#progress = patched('dead-cards') ? withDeadCards(progress) : progress;
    this.#inbox = openInbox(input);
    setHandler(recoveryStatusQuery, () => this.#status(), {
      description: 'What the recovery is doing, and what comes next.',
    });
    setHandler(resolveRecoveryUpdate, (resolution) => this.#resolution.take(resolution), {
      validator: (resolution: Resolution) => {
        this.#resolution.validate(resolution, this.#ending?.outcome);
      },
      description: 'An operator settles the payment: approve (it is paid) or write-off.',
    });
  }

  /** Does what the schedule says, until something ends it. */
  async pursue(): Promise<Ending> {
    for (;;) {
      this.#apply();
      if (this.#ending !== undefined) return this.#ending;
      if (this.#mail.isEmpty) await this.#inbox.renewIfLong((opening) => this.#renew(opening));
      if (!isKnown(this.#progress)) {
        describe('Waiting', 'Nothing is known of the failure yet.');
        await condition(() => this.#isStirred());
        continue;
      }
      const plan = planOf(this.#progress, this.#dayMs);
      const waitMs = plan.atMs - Date.now();
      if (waitMs <= 0) await this.#carryOut(plan, this.#progress);
      else await this.#waitFor(plan, this.#progress, waitMs);
    }
  }

  /** Writes the ending into the books, tells everyone, and answers. */
  async settle(ending: Ending): Promise<RecoveryResult> {
    const { outcome, chargedKey, resolution } = ending;
    const { paymentId } = this.#input;
    this.#ending = ending;
    // Asked now: what is written into the books comes back as an event.
    let conflict = meanwhile(this.#inbox, this.#resolution.given);
    describe('Settling', `The outcome is ${outcome}; it is being written into the books.`);
    if (outcome === 'recovered') {
      const marked = await markPaymentSucceeded({ paymentId });
      conflict ??= inBooks(marked);
    }
    if (resolution?.decision === 'approve') await markPaymentSucceeded({ paymentId });
    if (outcome === 'written-off') await markWrittenOff({ paymentId });
    if (isKnown(this.#progress)) this.#mail.ended(ending, this.#progress.payment, conflict);
    const { attempts } = this.#progress;
    const result = { outcome, attempts, ...(chargedKey === undefined ? {} : { chargedKey }) };
    this.#resolution.answer(result);
    await this.#mail.emptied();
    await condition(allHandlersFinished);
    const decided = resolution === undefined ? [] : [`Decided by ${resolution.by}.`];
    describe('Settled', `${outcome} after ${attempts} charge(s).`, ...decided);
    return result;
  }

  #apply(): void {
    while (this.#ending === undefined) {
      const event = isKnown(this.#progress)
        ? this.#inbox.poll()
        : this.#inbox.poll(...beforeFailure);
      if (event === undefined) break;
      updateSearchAttributes(event);
      this.#applyEvent(event);
    }
    const resolution = this.#resolution.given;
    if (this.#ending !== undefined || resolution === undefined) return;
    const outcome = resolution.decision === 'approve' ? 'paid-elsewhere' : 'written-off';
    this.#ending = { outcome, resolution };
  }

  #applyEvent(event: RecoveryEvent): void {
    switch (event.type) {
      case 'payment.succeeded':
        this.#ending = { outcome: 'paid-elsewhere' };
        return;
      case 'order.cancelled':
        this.#ending = { outcome: 'order-cancelled' };
        return;
      case 'card.updated':
        this.#progress = afterNewCard(this.#progress, event, Date.now());
        return;
      case 'payment.failed': {
        const isFirst = !isKnown(this.#progress);
        this.#progress = afterFailure(this.#progress, event, Date.now());
        if (isFirst) this.#mail.failed(this.#progress, event.data, 'failed');
      }
    }
  }

  async #carryOut(plan: Plan, progress: KnownProgress): Promise<void> {
    switch (plan.kind) {
      case 'charge':
        return this.#charge(plan, progress);
      case 'remind':
        this.#progress = { ...progress, reachedDay: plan.day };
        this.#mail.reminded(progress, plan.day);
        return;
      case 'escalate':
        this.#escalate(progress, `its last decline was ${progress.declineCode}`);
        return;
      case 'write-off':
        this.#ending = { outcome: 'written-off' };
    }
  }

  async #charge(plan: Plan, progress: KnownProgress): Promise<void> {
    const attempt = progress.attempts + 1;
    const key = `${workflowInfo().workflowId}/${attempt}`;
    const { amount, currency, paymentId } = progress.payment;
    describe('Charging', `Attempt ${attempt}: ${amount} ${currency}, idempotency key ${key}.`);
    const request = { key, paymentId, amount, currency, cardToken: progress.cardToken };
    this.#isCharging = true;
    const charged = await attemptCharge(request, attempt, () => this.#isUrgent());
    this.#isCharging = false;
    switch (charged.status) {
      case 'succeeded':
        this.#progress = { ...progress, attempts: attempt };
        this.#ending = { outcome: 'recovered', chargedKey: key };
        return;
      case 'declined':
        this.#progress = afterDecline(progress, charged.declineCode, plan.day);
        this.#mail.failed(this.#progress, progress.payment, `declined/${attempt}`);
        return;
      case 'not-owed':
        this.#ending = { outcome: charged.outcome };
        return;
      case 'abandoned':
        this.#progress = { ...progress, attempts: attempt };
        return;
      case 'refused':
        this.#escalate(afterRefusal(progress, charged.unsettledKey), charged.reason);
    }
  }

  #escalate(progress: KnownProgress, reason: string): void {
    const escalated = { ...progress, escalatedMs: Date.now() };
    this.#progress = escalated;
    this.#mail.escalated(escalated, reason);
  }

  async #waitFor(plan: Plan, progress: KnownProgress, waitMs: number): Promise<void> {
    describe(...waitingInWords(plan, progress));
    await condition(() => this.#isStirred(), waitMs, { summary: `Then: ${stepNames[plan.kind]}` });
  }

  #status(): RecoveryStatus {
    return statusOf(this.#progress, {
      dayMs: this.#dayMs,
      duplicates: this.#inbox.duplicates,
      isCharging: this.#isCharging,
      outcome: this.#ending?.outcome,
    });
  }

  #isStirred(): boolean {
    const hasNews = isKnown(this.#progress) ? this.#inbox.has() : this.#inbox.has(...beforeFailure);
    const isRenewable = this.#mail.isEmpty && this.#inbox.isRenewable;
    return hasNews || this.#resolution.given !== undefined || isRenewable;
  }

  #isUrgent(): boolean {
    return this.#inbox.has(...urgent) || this.#resolution.given !== undefined;
  }

  async #renew(opening: Opening<RecoveryEvent>): Promise<never> {
    const progress = this.#progress;
    return continueAsNew<typeof recoverPayment>({ ...this.#input, ...opening, progress });
  }
}
