/** The outcome of a round in words, and what is wrong with it. Pure. */
import { victims } from './kill-plan.js';
import type { Outcome } from './round.js';

/** Nothing of this may happen, whatever was killed. Each with its first few cases. */
export function faultsIn(outcome: Outcome): readonly string[] {
  const { ends, ...found } = outcome;
  const lists: Readonly<Record<string, readonly string[]>> = {
    lost: found.lost,
    'applied, though in no log': found.strange,
    'applied twice': found.doubled,
    'out of order': found.disordered,
    'repeated, though nothing had died': found.unexplained,
    'payments not recovered': found.unpaid,
    'payments not recovered once': found.paidNotOnce,
    'charged twice': found.chargedTwice,
    'effects twice': found.effectsTwice,
    'set aside, though good': found.setAside,
    'ended by itself': ends.map(({ role, code, lastWords }) => {
      return `${role} with ${String(code)}: ${lastWords.slice(-600)}`;
    }),
  };
  return Object.entries(lists).flatMap(([what, cases]) =>
    cases.length === 0
      ? []
      : [`${what}: ${String(cases.length)}: ${cases.slice(0, 5).join(' | ')}`],
  );
}

export function inWords(outcome: Outcome): string {
  const { deaths, events, payments, repeated, restMs } = outcome;
  const each = victims.map((victim) => {
    const count = deaths.filter((death) => death.victim === victim).length;
    return `${victim} ${String(count)}`;
  });
  const faults = faultsIn(outcome);
  return [
    `  ${String(deaths.length)} kills (${each.join(', ')})`,
    `  ${String(events)} events and ${String(payments)} payments, ${String(repeated)} repeated in flight,`,
    `  all recorded ${(restMs / 1_000).toFixed(1)} s after the last kill`,
    ...(faults.length === 0 ? ['  0 lost, 0 twice, 0 out of order'] : faults.map((f) => `  ${f}`)),
  ].join('\n');
}
