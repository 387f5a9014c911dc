/** What is remembered of facts: how much, and which go first. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecentIds } from '../../src/workflows/recent-ids.js';

const carried = (recent: RecentIds): RecentIds =>
  new RecentIds(JSON.parse(JSON.stringify(recent.state())) as string[]);

it('I9: the newest 1,000 are known, however many came before them', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2_000), { minLength: 3_000, maxLength: 6_000 }), (facts) => {
      let recent = new RecentIds();
      const accepted: string[] = [];
      for (const [index, fact] of facts.entries()) {
        const identity = `type\n${String(fact)}`;
        const isKnown = accepted.lastIndexOf(identity) >= Math.max(0, accepted.length - 1_000);
        if (recent.has(identity) !== isKnown) throw new Error(`${String(index)}: ${identity}`);
        if (!isKnown) accepted.push(identity);
        recent.add(identity);
        if (index % 1_700 === 1_699) recent = carried(recent);
      }
      expect(recent.state()).toEqual(accepted.slice(-1_000));
    }),
    { numRuns: 20 },
  );
});

it('long ones shorten the memory to 64,000 characters', () => {
  const recent = new RecentIds();
  for (let n = 0; n < 300; n += 1) recent.add(`${'x'.repeat(637)}${String(n).padStart(3, '0')}`);
  expect(recent.state()).toHaveLength(100);
  expect(recent.state()[0]?.endsWith('200')).toBe(true);
  expect(carried(recent).state()).toEqual(recent.state());
});

it('one too long for it is not remembered, and takes the place of no other', () => {
  const recent = new RecentIds();
  const endless = 'x'.repeat(1_001);
  recent.add('short');
  recent.add(endless);
  expect([recent.has(endless), recent.state()]).toEqual([false, ['short']]);
});
