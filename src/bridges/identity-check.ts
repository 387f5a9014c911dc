/**
 * Shell: is a fetched batch of the incarnation of its topic that was assigned? A topic that is
 * deleted and created again fast enough goes on at offsets that look right. Asked after the fetch,
 * "still the same" proves that the batch is of the same. One question at a time serves all batches
 * that came before it was asked.
 */
import type { Cluster } from 'kafkajs';
import { topicsOf } from './topic-identity.js';

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
  #asking: Promise<unknown> = Promise.resolve();
  #next: Promise<string | undefined> | undefined;

  constructor(cluster: Cluster, generations: ReadonlyMap<string, string>) {
    this.#cluster = cluster;
    this.#generations = generations;
  }

  /**
   * A topic that was created again since the assignment, as known after this call.
   * @throws KafkaJSError for reasons of the moment.
   */
  changed(): Promise<string | undefined> {
    if (this.#next !== undefined) return this.#next;
    const before = this.#asking;
    const next = (async () => {
      await before.catch(() => undefined);
      // From here on it is under way, and too early for batches that come later.
      this.#next = undefined;
      return changedTopic(this.#cluster, this.#generations);
    })();
    this.#next = next;
    this.#asking = next;
    return next;
  }
}
