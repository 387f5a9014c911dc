/**
 * What holds up its partition is moved out of its way. A window is bounded, so one lane that does not
 * get on would stop all of its partition in the end. Where the route lets later events wait (`park`),
 * the head of such a lane is held in the store, and tried on from there; what comes after it in its
 * lane waits behind it, as behind a dead letter, and its partition goes on.
 *
 * F1 Only a lane that rests is relieved: no request of it is under way, so that nothing can be done
 *    twice or out of order. What was sent and may still arrive is recognised by the inbox.
 * F2 The head alone is set aside by this; what is behind it follows in its order (D3).
 * F3 Nothing is relieved while other lanes have as much to do, since then it is the server that is
 *    slow and not the one; nor in the first half minute, since what is moved comes by a slower way.
 * F4 What is held and has others behind it does not rest in the lane, where what comes later would
 *    pile up: it goes back to the store, which keeps the order, until the next turn.
 *
 * How full and how far done: as uForwarder's detection of head-of-line blocking.
 */
import type { Item, Passage, Redo } from './item.js';

/** Of one look: more would hold up everything else, and the next look goes on. */
const lookedAt = 1_000;

/** What relieving needs of the engine. What it does counts at once for whoever asks after it. */
export interface ReliefPorts {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** True when something that is held has to go first. */
  readonly waitsBehind: (item: Item) => boolean;
  readonly setAside: (passage: Passage, item: Item) => void;
  readonly setBehind: (passage: Passage, item: Item) => void;
  /** It goes back to the store, to be tried in a later turn. */
  readonly postpone: (redo: Redo) => void;
}

/**
 * Sets aside what is to be of `items`, which are all of one lane that rests, in their order. Answers
 * with what does not go on in the lane.
 */
export function relieve(items: readonly Item[], ports: ReliefPorts): ReadonlySet<Item> {
  const moved = new Set<Item>();
  // The first of them was tried: they rest since that has failed.
  const restMs = ports.clock() - (items[0]?.firstFailedMs ?? Infinity);
  const head = items.find((item) => holdsUp(item, items, restMs));
  if (head?.of.kind === 'passage') {
    ports.setAside(head.of, head);
    moved.add(head);
  }
  for (const item of items.slice(0, lookedAt)) {
    const { of } = item;
    if (of.kind === 'redo') {
      // F4
      if (!of.held.blocks) continue;
      ports.postpone(of);
    } else if (moved.has(item) || !ports.waitsBehind(item)) continue;
    else ports.setBehind(of, item);
    moved.add(item);
  }
  return moved;
}

function holdsUp({ of, park }: Item, items: readonly Item[], restMs: number): boolean {
  if (of.kind === 'redo' || !park) return false;
  const { window, offset } = of;
  if (offset !== window.offsets.watermark() || !window.isNearlyFull()) return false;
  const inLane = new Set(items.flatMap((one) => (windowOf(one) === window ? [one.of] : [])));
  return window.isHeldUpBy(inLane.size, restMs);
}

function windowOf({ of }: Item): Passage['window'] | undefined {
  return of.kind === 'passage' ? of.window : undefined;
}
