/** Which part dies when, as a function of a seed. Pure. */

export const victims = ['bridge', 'worker', 'kafka', 'temporal', 'connect', 'postgres'] as const;
export type Victim = (typeof victims)[number];

export interface Blow {
  readonly victim: Victim;
  /** After the blow before it. */
  readonly afterMs: number;
  /** How long it stays down before it is started again. */
  readonly downMs: number;
}

export interface Pace {
  /** Between two blows, at least and at most. */
  readonly afterMs: readonly [number, number];
  readonly downMs: readonly [number, number];
}

/** Headrace's own processes come twice as often as each part of the stack. */
const deck: readonly Victim[] = [...victims, 'bridge', 'worker'];

/** The same seed gives the same plan. Over any eight blows in a row from the start, every part dies. */
export function planOf(seed: number, kills: number, pace: Pace): readonly Blow[] {
  const random = randomOf(seed);
  const between = ([least, most]: readonly [number, number]): number =>
    Math.round(least + random() * (most - least));
  let cards: Victim[] = [];
  return Array.from({ length: kills }, () => {
    if (cards.length === 0) cards = shuffled(deck, random);
    const victim = cards.pop() ?? 'bridge';
    return { victim, afterMs: between(pace.afterMs), downMs: between(pace.downMs) };
  });
}

/** Numbers in [0, 1): mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(cards: readonly T[], random: () => number): T[] {
  const keyed = cards.map((card) => ({ card, at: random() }));
  return keyed.sort((a, b) => a.at - b.at).map(({ card }) => card);
}
