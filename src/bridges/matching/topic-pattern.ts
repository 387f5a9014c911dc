/** Which topics a source reads: one by its name, or all that a pattern finds. Pure. */

/**
 * A name, or a pattern tested against the whole name, unanchored unless it says otherwise: what
 * Kafka's client resolves when it subscribes, and every record's topic afterwards.
 */
export type TopicPattern = string | RegExp;

/** One topic, a list of topics, or a pattern. */
export type Topics = TopicPattern | readonly TopicPattern[];

/**
 * The list behind `topics`.
 * @throws TypeError for a pattern with the flag `g` or `y`: it would answer by what it was asked
 * before.
 */
export function topicPatterns(topics: Topics): readonly TopicPattern[] {
  const patterns = isList(topics) ? topics : [topics];
  for (const pattern of patterns) {
    if (typeof pattern === 'string' || !/[gy]/.test(pattern.flags)) continue;
    throw new TypeError(`topics: ${String(pattern)} must not have the flag g or y; leave it out`);
  }
  return patterns;
}

export function matchesTopic(patterns: readonly TopicPattern[], topic: string): boolean {
  return patterns.some((pattern) =>
    typeof pattern === 'string' ? pattern === topic : pattern.test(topic),
  );
}

/** Without repetitions, patterns compared by what they say. */
export function distinctTopics(patterns: readonly TopicPattern[]): readonly TopicPattern[] {
  return [...new Map(patterns.map((pattern) => [String(pattern), pattern])).values()];
}

function isList(topics: Topics): topics is readonly TopicPattern[] {
  return Array.isArray(topics);
}
