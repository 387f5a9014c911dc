/**
 * The engine against a model of the world: whatever the interleaving of delivery, completion,
 * failure, rebalance, kill and zombie, nothing is lost, nothing acts twice, order holds, and no
 * commit passes a hole.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { World } from '../support/world.js';

const runs = Number(process.env['HEADRACE_PROPERTY_RUNS'] ?? 1_500);

/** How the log looks: for each partition the keys of its records; some records are bad. */
const log = fc.array(
  fc.array(
    fc.record({
      key: fc.integer({ min: 0, max: 3 }),
      kind: fc.constantFrom('start', 'signal', 'signalWithStart', 'signalWithStart', 'ignore'),
      bad: fc.constantFrom('no', 'no', 'no', 'no', 'undecodable', 'refused'),
      gap: fc.constantFrom(0, 0, 0, 1, 5),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  { minLength: 1, maxLength: 3 },
);

test(`E1-E4, I1: nothing lost, nothing twice, order kept, no commit past a hole (${String(runs)} runs)`, async () => {
  await fc.assert(
    fc.asyncProperty(
      log,
      fc.array(fc.nat(), { maxLength: 150, size: 'max' }),
      async (partitions, choices) => {
        const world = new World(partitions);
        for (const choice of choices) {
          await world.step(choice);
          world.checkCommits();
        }
        await world.drain();
        world.checkCommits();
        expect(world.violations()).toEqual([]);
        expect(world.unsettled()).toEqual([]);
      },
    ),
    { numRuns: runs },
  );
}, 300_000);
