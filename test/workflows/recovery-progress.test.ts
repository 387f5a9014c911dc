/** What becomes of cards that were declined, and of progress that older code left. */
import { describe, expect, it } from 'vitest';
import type { CardUpdated, PaymentFailed } from '../../src/workflows/index.js';
import type { RecoveryProgress } from '../../src/workflows/recovery.js';
import {
  afterDecline,
  afterFailure,
  afterNewCard,
  nothingKnown,
  planOf,
  withDeadCards,
} from '../../src/workflows/recovery-progress.js';
import { day, Stream } from '../support/workflow-world.js';

const stream = new Stream();
const nowMs = 5 * day;
const fresh = withDeadCards(nothingKnown);

const failed = (cardToken: string, declineCode: string): PaymentFailed =>
  stream.event<PaymentFailed>('payment.failed', {
    paymentId: 'pay-1',
    orderId: '1001',
    customerEmail: 'ada@example.com',
    amount: '249.99',
    currency: 'EUR',
    cardToken,
    declineCode,
  });

const newCard = (cardToken: string): CardUpdated =>
  stream.event<CardUpdated>('card.updated', { paymentId: 'pay-1', cardToken });

const next = (progress: RecoveryProgress) => planOf(progress, day).kind;

describe('a card that was declined hard', () => {
  it('is refused when it comes back after another', () => {
    const stolen = afterFailure(fresh, failed('tok_a', 'stolen_card'), nowMs);
    const other = afterNewCard(stolen, newCard('tok_b'), nowMs);
    expect(next(other)).toBe('charge');
    const declined = afterDecline(other, 'insufficient_funds', 0);
    expect(next(declined)).toBe('charge');
    expect(afterNewCard(declined, newCard('tok_a'), nowMs)).toBe(declined);
  });

  it('is refused when our own charge found it so', () => {
    const known = afterFailure(fresh, failed('tok_a', 'insufficient_funds'), nowMs);
    const stolen = afterDecline(known, 'stolen_card', 1);
    const other = afterDecline(afterNewCard(stolen, newCard('tok_b'), nowMs), 'reason_42', 0);
    expect(afterNewCard(other, newCard('tok_a'), nowMs)).toBe(other);
  });

  it('stays so when its payment fails again for a softer reason', () => {
    const stolen = afterFailure(fresh, failed('tok_a', 'stolen_card'), nowMs);
    const softer = afterFailure(stolen, failed('tok_a', 'insufficient_funds'), nowMs);
    expect(planOf(softer, day)).toEqual({ kind: 'escalate', day: 0, atMs: nowMs });
    expect(next(afterNewCard(softer, newCard('tok_b'), nowMs))).toBe('charge');
  });

  it('does not take the place of a card that may be charged', () => {
    const stolen = afterFailure(fresh, failed('tok_a', 'stolen_card'), nowMs);
    const other = afterNewCard(stolen, newCard('tok_b'), nowMs);
    const moved = afterFailure(other, failed('tok_b', 'insufficient_funds'), nowMs);
    const back = afterFailure(moved, failed('tok_a', 'insufficient_funds'), nowMs);
    expect(back.cardToken).toBe('tok_b');
  });

  it('is known from progress that does not list it', () => {
    const older = afterFailure(nothingKnown, failed('tok_a', 'stolen_card'), nowMs);
    expect(older.deadCards).toBeUndefined();
    expect(withDeadCards(older).deadCards).toContain('tok_a');
    const other = withDeadCards(afterNewCard(older, newCard('tok_b'), nowMs));
    expect(other.deadCards).toEqual(['tok_a']);
    const declined = afterDecline(other, 'insufficient_funds', 0);
    expect(afterNewCard(declined, newCard('tok_a'), nowMs)).toBe(declined);
  });

  it('is charged as before in a run that older code began: its history must replay', () => {
    const stolen = afterFailure(nothingKnown, failed('tok_a', 'stolen_card'), nowMs);
    const other = afterNewCard(stolen, newCard('tok_b'), nowMs);
    const declined = afterDecline(other, 'insufficient_funds', 0);
    expect(next(afterNewCard(declined, newCard('tok_a'), nowMs))).toBe('charge');
  });
});
