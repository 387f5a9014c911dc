/**
 * Shell: is a fetched batch of the generation of its topic that was assigned? A topic that is
 * deleted and created again fast enough goes on at offsets that look right. Asked after the fetch,
 * "still the same" proves that the batch is of the same; an answer that is a few milliseconds older
 * is taken too, since no topic is deleted, created and filled in that time.
 */
import type { Cluster } from 'kafkajs';
import { topicsOf } from './topic-identity.js';

const freshMs = 20;

/** A topic that is another than in `generations`, if any; brokers without identities know none. */
export async function changedTopic(
  cluster: Cluster,
  generations: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const topics = await topicsOf(cluster, [...generations.keys()]);
  return topics.find(({ name, id }) => id !== undefined && id !== generations.get(name))?.name;
}

/** The questions of one assignment. */
export class IdentityCheck {
  readonly #cluster: Cluster;
  readonly #generations: ReadonlyMap<string, string>;
  #askedAt = Number.NEGATIVE_INFINITY;
  #answer: Promise<string | undefined> | undefined;

  constructor(cluster: Cluster, generations: ReadonlyMap<string, string>) {
    this.#cluster = cluster;
    this.#generations = generations;
  }

  /**
   * A topic that was created again since the assignment.
   * @throws KafkaJSError for reasons of the moment.
   */
  changed(now: number): Promise<string | undefined> {
    if (this.#answer !== undefined && now - this.#askedAt < freshMs) return this.#answer;
    this.#askedAt = now;
    const answer = changedTopic(this.#cluster, this.#generations);
    this.#answer = answer;
    answer.catch(() => {
      if (this.#answer === answer) this.#answer = undefined;
    });
    return answer;
  }
}
