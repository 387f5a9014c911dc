/** An operator's word on one recovery: taken once, and answered when the recovery is settled. */
import { ApplicationFailure, Trigger } from '@temporalio/workflow';
import type { RecoveryOutcome, RecoveryResult, Resolution } from './recovery.js';
import { objectionTo } from './recovery-status.js';

export class RecoveryResolution {
  readonly #settled = new Trigger<RecoveryResult>();
  #given: Resolution | undefined;

  get given(): Resolution | undefined {
    return this.#given;
  }

  /** Resolves with what the recovery came to. */
  async take(resolution: Resolution): Promise<RecoveryResult> {
    this.#given = resolution;
    return this.#settled;
  }

  /**
   * `outcome` is there once the recovery is decided.
   * @throws ApplicationFailure `InvalidResolution` when `resolution` is none, or comes too late.
   */
  validate(resolution: Resolution, outcome: RecoveryOutcome | undefined): void {
    const reason = objectionTo(resolution) ?? this.#objection(outcome);
    if (reason === undefined) return;
    throw ApplicationFailure.nonRetryable(`resolveRecovery: ${reason}`, 'InvalidResolution');
  }

  /** Answers whoever gave it. */
  answer(result: RecoveryResult): void {
    this.#settled.resolve(result);
  }

  #objection(outcome: RecoveryOutcome | undefined): string | undefined {
    if (outcome !== undefined) return `the outcome is settled: ${outcome}`;
    if (this.#given !== undefined) return `${this.#given.by} has decided already`;
    return undefined;
  }
}
