/**
 * When to charge again, by the reason of the decline. Pure.
 *
 * Days count from the failure, or from the day a new card came. Fractions are hours: where a day is
 * made shorter, its hours are too.
 */

/** One thing to do on a day of the schedule. */
export interface Step {
  readonly kind: 'charge' | 'remind' | 'escalate';
  /** Days since day 0. */
  readonly day: number;
}

interface Schedule {
  /** In the order of days. */
  readonly steps: readonly Step[];
  /** When operators are called, should all of that have been in vain. */
  readonly escalateOnDay: number;
}

const hour = 1 / 24;

const charges = (...days: readonly number[]): Schedule => ({
  steps: days.map((day) => ({ kind: 'charge', day })),
  escalateOnDay: days.at(-1) ?? 0,
});

/** Salaries arrive: the same card is worth asking again on another day. */
const laterDays = charges(1, 3, 5, 7);
/** Something was out of order for a moment, not the card. */
const soon = charges(hour / 4, hour, 1, 3);
/** Only another card helps, so the customer is asked for one and this one is left alone. */
const anotherCard: Schedule = {
  steps: [
    { kind: 'remind', day: 3 },
    { kind: 'remind', day: 7 },
  ],
  escalateOnDay: 14,
};
/** Card schemes fine those who charge such a card again. */
const never: Schedule = { steps: [], escalateOnDay: 0 };
/** Of an unknown reason it is not known that asking often is harmless. */
const cautious = charges(2, 6);

const schedules = new Map<string, Schedule>([
  ['insufficient_funds', laterDays],
  ['card_velocity_exceeded', laterDays],
  ['withdrawal_count_limit_exceeded', laterDays],
  ['processing_error', soon],
  ['try_again_later', soon],
  ['issuer_not_available', soon],
  ['expired_card', anotherCard],
  ['incorrect_number', anotherCard],
  ['authentication_required', anotherCard],
  ['stolen_card', never],
  ['lost_card', never],
  ['pickup_card', never],
  ['fraudulent', never],
  ['restricted_card', never],
  ['do_not_honor_hard', never],
]);

/** How long operators have before an escalated payment is written off, in days. */
export const escalationDays = 7;

/** The step after `reachedDay` for a payment declined with `declineCode`. */
export function nextStep(declineCode: string, reachedDay: number): Step {
  const { steps, escalateOnDay } = scheduleOf(declineCode);
  const next = steps.find(({ day }) => day > reachedDay);
  // A code that changes on the way may have a schedule that is over already: then it is now.
  return next ?? { kind: 'escalate', day: Math.max(escalateOnDay, reachedDay) };
}

/** True when this card must not be charged again, whoever asks. */
export function isHardDecline(declineCode: string): boolean {
  return scheduleOf(declineCode) === never;
}

/** True when nothing but another card can help. */
export function needsAnotherCard(declineCode: string): boolean {
  const schedule = scheduleOf(declineCode);
  return schedule === never || schedule === anotherCard;
}

function scheduleOf(declineCode: string): Schedule {
  return schedules.get(declineCode) ?? cautious;
}
