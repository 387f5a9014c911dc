/** The schedule as a table: what is done on which day. */
import { describe, expect, it } from 'vitest';
import { isHardDecline, nextStep, type Step } from '../../src/workflows/dunning.js';

/** Every step of a payment that is always declined with `code`. */
function stepsOf(code: string): string[] {
  const found: string[] = [];
  let reached = 0;
  for (let step: Step = nextStep(code, reached); ; step = nextStep(code, reached)) {
    found.push(`${step.kind} ${Number(step.day.toFixed(2))}`);
    if (step.kind === 'escalate') return found;
    reached = step.day;
  }
}

describe('dunning', () => {
  it.each([
    ['insufficient_funds', ['charge 1', 'charge 3', 'charge 5', 'charge 7', 'escalate 7']],
    ['try_again_later', ['charge 0.01', 'charge 0.04', 'charge 1', 'charge 3', 'escalate 3']],
    ['expired_card', ['remind 3', 'remind 7', 'escalate 14']],
    ['reason_42', ['charge 2', 'charge 6', 'escalate 6']],
    ['stolen_card', ['escalate 0']],
    ['lost_card', ['escalate 0']],
    ['fraudulent', ['escalate 0']],
    ['do_not_honor_hard', ['escalate 0']],
    // A name that objects have of themselves is an unknown code like any other.
    ['constructor', ['charge 2', 'charge 6', 'escalate 6']],
  ])('%s', (code, steps) => {
    expect(stepsOf(code)).toEqual(steps);
  });

  it('goes on from the day that was reached when the code changes', () => {
    expect(nextStep('insufficient_funds', 1 / 24)).toEqual({ kind: 'charge', day: 1 });
    expect(nextStep('processing_error', 5)).toEqual({ kind: 'escalate', day: 5 });
    expect(nextStep('expired_card', 3)).toEqual({ kind: 'remind', day: 7 });
  });

  it('knows which cards must be left alone', () => {
    expect(isHardDecline('stolen_card')).toBe(true);
    expect(isHardDecline('expired_card')).toBe(false);
    expect(isHardDecline('reason_42')).toBe(false);
  });
});
