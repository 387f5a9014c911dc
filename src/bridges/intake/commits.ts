/**
 * Shell: offsets released by the engine become commits, with what is settled above them.
 *
 * K2 Offsets are committed by us alone, filtered by the current assignment just before sending: the
 *    broker accepts a commit for a partition that is no longer owned (tulios/kafkajs#1046).
 */
import type { Consumer, TopicPartitionOffsetAndMetadata } from 'kafkajs';
import type { Logger } from 'pino';
import { encodeCommit } from './done-map.js';
import type { Engine } from '../engine/engine.js';
import type { Assignment } from './starting-point.js';
import type { PartitionWindow } from '../engine/window.js';

/** What is settled above an offset that stands still is told this often, ms. */
const metadataEveryMs = 5_000;

export class Commits {
  readonly #engine: Engine;
  readonly #log: Logger;
  #committing: Promise<void> | undefined;
  #metadataAt = 0;

  constructor(engine: Engine, log: Logger) {
    this.#engine = engine;
    this.#log = log;
  }

  /** Commits what is settled. A failed commit is tried again at the next turn. */
  commit(consumer: Consumer): Promise<void> {
    return this.#inTurn(() => this.#commitNow(consumer));
  }

  /**
   * Commits where reading begins. Whoever is killed before its first commit proper would leave
   * nothing behind, and the next one could not tell what was deleted meanwhile.
   */
  begin(consumer: Consumer, assignments: readonly Assignment[]): Promise<void> {
    if (assignments.length === 0) return Promise.resolve();
    return this.#inTurn(() =>
      this.#send(
        consumer,
        assignments.map(({ topic, partition, generation, from }) => ({
          ...{ topic, partition, offset: from.toString() },
          metadata: encodeCommit(from, [], generation),
        })),
      ),
    );
  }

  async #inTurn(work: () => Promise<unknown>): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    const committing = work()
      .then(() => undefined)
      .finally(() => {
        this.#committing = undefined;
      });
    this.#committing = committing;
    await committing;
  }

  async #commitNow(consumer: Consumer): Promise<void> {
    const releases = this.#releases();
    if (releases.length === 0) return;
    const commits = releases.map(({ window, offset }) => ({
      topic: window.topic,
      partition: window.partition,
      offset: offset.toString(),
      metadata: encodeCommit(offset, window.offsets.runs(), window.generation),
    }));
    if (!(await this.#send(consumer, commits))) return;
    for (const [index, { window, offset }] of releases.entries()) {
      window.committed = offset;
      window.metadata = commits[index]?.metadata ?? '';
    }
  }

  async #send(
    consumer: Consumer,
    commits: readonly TopicPartitionOffsetAndMetadata[],
  ): Promise<boolean> {
    try {
      await consumer.commitOffsets([...commits]);
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.debug({ error: reason }, 'commit refused; the next one carries it');
      return false;
    }
  }

  #releases(): readonly { readonly window: PartitionWindow; readonly offset: bigint }[] {
    const releases = this.#engine.releases();
    if (Date.now() - this.#metadataAt < metadataEveryMs) return releases;
    this.#metadataAt = Date.now();
    const moved = new Set(releases.map(({ window }) => window));
    const still = [...this.#engine.windows].flatMap((window) => {
      const offset = window.offsets.watermark();
      if (moved.has(window) || offset === undefined) return [];
      const metadata = encodeCommit(offset, window.offsets.runs(), window.generation);
      return metadata === window.metadata ? [] : [{ window, offset }];
    });
    return [...releases, ...still];
  }
}
