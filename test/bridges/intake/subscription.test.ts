import { describe, expect, it } from 'vitest';
import { missingTopics, subscribedTopics } from '../../../src/bridges/intake/subscription.js';

describe('subscription', () => {
  const existing = ['shop.orders', 'shop.payments', '__consumer_offsets', 'other'];

  it('reads the topics that exist, by name and by pattern', () => {
    expect(subscribedTopics(['other', 'absent', /^shop\./], existing)).toEqual([
      'other',
      'shop.orders',
      'shop.payments',
    ]);
  });

  it("a pattern finds none of the broker's own topics, a name does", () => {
    expect(subscribedTopics([/./], existing)).not.toContain('__consumer_offsets');
    expect(subscribedTopics(['__consumer_offsets'], existing)).toEqual(['__consumer_offsets']);
  });

  it('knows which named topics are missing', () => {
    expect(missingTopics(['other', 'absent', /^nothing/], existing)).toEqual(['absent']);
  });
});
