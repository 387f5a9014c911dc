/**
 * The engine against a model of the world: whatever the interleaving of delivery, completion,
 * failure, rebalance, kill, zombie, lost metadata, parking, redrive and repeated publishing, nothing
 * is lost, nothing acts twice, order holds, and no commit passes a hole.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { World } from '../../support/world.js';

const runs = Number(process.env['HEADRACE_PROPERTY_RUNS'] ?? 2_000);
const seed = Number(process.env['HEADRACE_PROPERTY_SEED'] ?? Date.now() % 1_000_000_000);

/** How the log looks: for each partition the keys of its records; some records are bad. */
const log = fc.array(
  fc.array(
    fc.record({
      key: fc.integer({ min: 0, max: 5 }),
      kind: fc.constantFrom(
        ...(['start', 'signal', 'signal', 'signalWithStart', 'signalWithStart'] as const),
        ...(['ignore', 'run'] as const),
      ),
      bad: fc.constantFrom('no', 'no', 'no', 'no', 'undecodable', 'refused'),
      gap: fc.constantFrom(0, 0, 0, 1, 5),
      fact: fc.constantFrom(...[undefined, undefined, undefined, undefined], ...[0, 1, 2, 3, 4, 5]),
    }),
    { minLength: 1, maxLength: 25 },
  ),
  { minLength: 1, maxLength: 3 },
);

const policy = fc.record({
  park: fc.boolean(),
  whenMissing: fc.constantFrom('ignore', 'dead-letter', 'park'),
  whenClosed: fc.constantFrom('leave-closed', 'start-again'),
  whenOver: fc.constantFrom('leave-closed', 'leave-closed', 'dead-letter', 'park'),
});

test(`E1, E2, I1-I4, I9, H1-H8: nothing lost, nothing twice, order kept, no commit past a hole (${String(runs)} runs, seed ${String(seed)})`, async () => {
  await fc.assert(
    fc.asyncProperty(
      log,
      policy,
      fc.constantFrom(1, 1, 2),
      fc.array(fc.nat(), { maxLength: 150, size: 'max' }),
      async (partitions, policies, bridges, choices) => {
        const world = new World(partitions, policies, bridges);
        for (const choice of choices) {
          await world.step(choice);
          world.checkCommits();
        }
        await world.drain();
        world.checkCommits();
        expect(world.violations()).toEqual([]);
        expect(world.unsettled()).toEqual([]);
        expect(world.lost()).toEqual([]);
      },
    ),
    { numRuns: runs, seed },
  );
}, 300_000);
