/** The fake that other tests build on keeps the contract of the real store. */
import { describe } from 'vitest';
import type { HeldKey } from '../../src/bridges/held.js';
import { FakeHoldingStore } from '../support/fake-holding-store.js';
import { holdingStoreContract } from '../support/holding-store-contract.js';

describe('the holding store in memory', () => {
  holdingStoreContract(() => {
    const store = new FakeHoldingStore();
    const is = (key: HeldKey) => (held: HeldKey) =>
      held.offset === key.offset && held.partition === key.partition && held.route === key.route;
    return {
      store,
      redrive: (key) => store.redrive(is(key)),
      discard: (key) => store.discard(is(key)),
    };
  });
});
