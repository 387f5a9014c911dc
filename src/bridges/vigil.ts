/**
 * Shell: looks at the brokers every few seconds, for what no batch would tell: a topic that was
 * created again, records that passed their retention while a partition was paused, silence.
 */
import type { Admin, Cluster } from 'kafkajs';
import type { Logger } from 'pino';
import type { PartitionState } from './observer.js';
import { clockMs, placeOf, type Progress } from './progress.js';
import type { Gone } from './starting-point.js';
import { changedTopic } from './identity-check.js';
import { Watchdog } from './watchdog.js';

/** What is looked at. */
export interface Sight {
  readonly cluster: Cluster;
  /** By topic, as assigned. */
  readonly generations: ReadonlyMap<string, string>;
  readonly partitions: readonly PartitionState[];
}

/** What is done about it. */
export interface Reactions {
  readonly rejoin: (reason: string) => void;
  readonly gone: (gone: Gone) => void;
  readonly stuck: (topic: string, partition: number, forMs: number) => void;
}

export class Vigil {
  readonly #admin: Admin;
  readonly #progress: Progress;
  readonly #reactions: Reactions;
  readonly #log: Logger;
  readonly #watchdog = new Watchdog();
  /** Places of which it was told already that records are gone, with the offset. */
  readonly #told = new Map<string, bigint>();

  constructor(admin: Admin, progress: Progress, reactions: Reactions, log: Logger) {
    this.#admin = admin;
    this.#progress = progress;
    this.#reactions = reactions;
    this.#log = log;
  }

  /** Looks once. What cannot be seen now is looked at the next time. */
  async look(sight: Sight): Promise<void> {
    const ends = new Map<string, bigint>();
    try {
      if (await this.#isRecreated(sight)) return;
      for (const topic of sight.generations.keys()) await this.#measure(topic, sight, ends);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.debug({ error: reason }, 'the brokers cannot be looked at');
    }
    const signs = this.#progress.signs(sight.partitions, ends);
    for (const finding of this.#watchdog.findings(signs, clockMs())) {
      this.#log.error(finding, 'the watchdog found something stuck');
      if (finding.kind === 'consumer-silent') this.#reactions.rejoin('it shows no sign of life');
      else if (finding.kind === 'partition-silent') {
        this.#reactions.rejoin(`${placeOf(finding.topic, finding.partition)} brings nothing`);
      } else this.#reactions.stuck(finding.topic, finding.partition, finding.forMs);
    }
  }

  async #isRecreated({ cluster, generations }: Sight): Promise<boolean> {
    const changed = await changedTopic(cluster, generations);
    if (changed !== undefined) this.#reactions.rejoin(`${changed} was created again`);
    return changed !== undefined;
  }

  async #measure(topic: string, { partitions }: Sight, ends: Map<string, bigint>): Promise<void> {
    const offsets = await this.#admin.fetchTopicOffsets(topic);
    const mine = new Set(partitions.filter((one) => one.topic === topic).map((p) => p.partition));
    for (const { partition, low, high } of offsets) {
      if (!mine.has(partition)) continue;
      const place = placeOf(topic, partition);
      ends.set(place, BigInt(high));
      const first = this.#progress.expected(topic, partition);
      const until = BigInt(low);
      if (first === undefined || first >= until || this.#told.get(place) === until) continue;
      this.#told.set(place, until);
      this.#reactions.gone({ topic, partition, how: 'expired', first, until });
    }
  }
}
