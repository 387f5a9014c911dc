/** The accept rule against a memory of every fact, under whatever bridges and producers may do. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { InboxTraffic } from '../support/inbox-traffic.js';

const runs = Number(process.env['HEADRACE_PROPERTY_RUNS'] ?? 3_000);

const logs = fc.array(
  fc.array(
    fc.record({
      step: fc.constantFrom(1, 1, 1, 0, 0, 7),
      undecided: fc.constantFrom(false, false, false, false, true),
      fact: fc.constantFrom(undefined, undefined, undefined, 0, 1, 2),
    }),
    { minLength: 1, maxLength: 15 },
  ),
  { minLength: 1, maxLength: 3 },
);

it(`I1-I4, I9: constant size decides as a memory of every fact would (${String(runs)} runs)`, () => {
  fc.assert(
    fc.property(logs, fc.array(fc.nat(), { maxLength: 120, size: 'max' }), (entries, choices) => {
      const traffic = new InboxTraffic(entries);
      for (const choice of choices) traffic.step(choice);
      expect(traffic.drain()).toEqual([]);
      expect(traffic.violations).toEqual([]);
    }),
    { numRuns: runs },
  );
});
