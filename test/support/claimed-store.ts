/** A holding store as a bridge uses it, which looks at all that it claimed. */
import type { Held, HeldKey, HoldingStore, PartitionId } from '../../src/bridges/holding/held.js';

export type ClaimedStore = ReturnType<typeof claimedStore>;

/** A look that is fenced throws. */
export function claimedStore(store: HoldingStore) {
  const claimed = new Map<string, readonly PartitionId[]>();
  const found = <T>(answer: T | 'fenced'): T => {
    if (answer === 'fenced') throw new Error('the look is fenced');
    return answer;
  };
  const claim: HoldingStore['claim'] = async (of, partitions) => {
    const answer = await store.claim(of, partitions);
    claimed.set(answer.token, partitions);
    return answer;
  };
  return {
    claim,
    due: async (token: string, nowMs: number, limit: number): Promise<readonly Held[]> =>
      found(await store.due(token, claimed.get(token) ?? [], nowMs, limit)),
    open: async (token: string): Promise<readonly HeldKey[]> =>
      found(await store.open(token, claimed.get(token) ?? [])),
    hold: store.hold.bind(store),
    again: store.again.bind(store),
    end: store.end.bind(store),
    discarded: store.discarded.bind(store),
    told: store.told.bind(store),
  };
}
