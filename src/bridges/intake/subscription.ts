/**
 * Which topics are read now: of those that the routes name, the ones that exist. kafkajs resolves
 * patterns once, and stops reading all topics when one of them is missing; so topics that come and
 * go are followed here.
 */
import type { Cluster } from 'kafkajs';
import { topicsOf } from './topic-identity.js';
import { matchesTopic, type TopicPattern } from '../matching/topic-pattern.js';

/** The existing topics that `patterns` find, sorted; a pattern finds none of the broker's own. */
export function subscribedTopics(
  patterns: readonly TopicPattern[],
  existing: readonly string[],
): readonly string[] {
  return existing
    .filter((name) => patterns.includes(name) || !name.startsWith('__'))
    .filter((name) => matchesTopic(patterns, name))
    .sort();
}

/** Named topics that do not exist. */
export function missingTopics(
  patterns: readonly TopicPattern[],
  existing: readonly string[],
): readonly string[] {
  return patterns.filter((one) => typeof one === 'string').filter((one) => !existing.includes(one));
}

/**
 * The names of the topics that matter, as a broker knows them.
 * @throws KafkaJSError for reasons of the moment.
 */
export async function existingTopics(
  cluster: Cluster,
  patterns: readonly TopicPattern[],
): Promise<readonly string[]> {
  const names = patterns.filter((one) => typeof one === 'string');
  const topics = await topicsOf(cluster, names.length === patterns.length ? names : 'all');
  return topics.map(({ name }) => name);
}
