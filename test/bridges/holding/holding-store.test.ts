/** The fake that other tests build on keeps the contract of the real store. */
import { describe } from 'vitest';
import type { HeldKey } from '../../../src/bridges/holding/held.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { holdingStoreContract } from '../../support/holding-store-contract.js';

describe('the holding store in memory', () => {
  holdingStoreContract(() => {
    const store = new FakeHoldingStore();
    const is = (key: HeldKey, of: string) => (held: HeldKey, group: string) =>
      group === of &&
      held.offset === key.offset &&
      held.partition === key.partition &&
      held.route === key.route;
    return {
      store,
      redrive: (key, group) => store.redrive(is(key, group)),
      discard: (key, group) => store.discard(is(key, group)),
    };
  });
});
