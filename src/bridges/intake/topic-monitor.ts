/**
 * Shell: looks at the brokers every few seconds, for what no batch would tell: topics that came,
 * went or were created again, records that passed their retention while a partition was paused,
 * silence.
 */
import type { Cluster } from 'kafkajs';
import type { Logger } from 'pino';
import { logEnds } from './assignment.js';
import { changedTopic } from './identity-check.js';
import { kafkaRefusal } from './kafka-refusal.js';
import type { PartitionState } from '../engine/observer.js';
import { partitionKey } from './partition-cursor.js';
import { existingTopics, subscribedTopics } from './subscription.js';
import type { ConsumerSession } from './consumer-session.js';
import type { TopicPattern } from '../matching/topic-pattern.js';
import { type Finding, Watchdog } from './watchdog.js';

/** A consumer that is not heard of for so long, before it has partitions, is rebuilt, ms. */
const silentMs = 90_000;

/** What is looked at. */
export interface Sight {
  readonly cluster: Cluster | undefined;
  readonly session: ConsumerSession | undefined;
  /** What the routes name, and what of it is read now. */
  readonly patterns: readonly TopicPattern[];
  readonly subscribed: readonly string[];
  readonly partitions: () => readonly PartitionState[];
  /** When the broker answered last. */
  readonly aliveAt: number;
}

/** What is done about it. */
export interface Reactions {
  readonly rejoin: (reason: string) => void;
  readonly halt: (cause: string) => void;
  readonly stuck: (topic: string, partition: number, forMs: number) => void;
  /** Where the log of a partition ends. */
  readonly ends: (topic: string, partition: number, end: bigint) => void;
}

export class TopicMonitor {
  readonly #reactions: Reactions;
  readonly #log: Logger;
  readonly #watchdog = new Watchdog();
  #looking = false;

  constructor(reactions: Reactions, log: Logger) {
    this.#reactions = reactions;
    this.#log = log;
  }

  /** Looks once, unless it still does. What cannot be seen now is looked at the next time. */
  async look(sight: Sight): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    if (sight.subscribed.length === 0) await this.#lookForTopics(sight);
    else if (performance.now() - sight.aliveAt > silentMs) {
      this.#reactions.rejoin('nothing is heard of it');
    }
    if (sight.session?.isOpen === true) await this.#lookAt(sight.session, sight);
    this.#looking = false;
  }

  async #lookAt(session: ConsumerSession, sight: Sight): Promise<void> {
    try {
      if ((await this.#hasOtherTopics(session, sight)) || (await this.#hasLessThanItReads(session)))
        return;
    } catch (error) {
      const refusal = kafkaRefusal(error);
      if (refusal !== undefined) this.#reactions.halt(refusal);
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.debug({ error: reason }, 'the brokers cannot be looked at');
    }
    this.#watch(session, sight);
  }

  /** Where none of the topics exists, nobody joins the group: is there one by now? */
  async #lookForTopics({ cluster, patterns }: Sight): Promise<void> {
    if (cluster === undefined) return;
    const existing = await existingTopics(cluster, patterns).catch(() => []);
    if (subscribedTopics(patterns, existing).length === 0) return;
    this.#reactions.rejoin('a topic to read is there');
  }

  async #hasOtherTopics(
    { cluster, generations }: ConsumerSession,
    { patterns, subscribed }: Sight,
  ): Promise<boolean> {
    const topics = subscribedTopics(patterns, await existingTopics(cluster, patterns));
    if (topics.join() !== [...subscribed].sort().join()) {
      this.#reactions.rejoin('topics came or went');
      return true;
    }
    const changed = await changedTopic(cluster, generations);
    if (changed !== undefined) this.#reactions.rejoin(`${changed} was created again`);
    return changed !== undefined;
  }

  async #hasLessThanItReads(session: ConsumerSession): Promise<boolean> {
    const ends = await logEnds(session.cluster, session.assigned);
    for (const cursor of session.cursors) {
      const log = ends.get(partitionKey(cursor.topic, cursor.partition));
      if (log === undefined) continue;
      cursor.logEnd = log.end;
      this.#reactions.ends(cursor.topic, cursor.partition, log.end);
      if (cursor.next >= log.start) continue;
      const where = partitionKey(cursor.topic, cursor.partition);
      this.#reactions.rejoin(`${where} begins after what was read`);
      return true;
    }
    return false;
  }

  #watch(session: ConsumerSession, { partitions, aliveAt }: Sight): void {
    const now = performance.now();
    const states = partitions();
    const signs = states.flatMap((state) => session.signs(state, now) ?? []);
    for (const finding of this.#watchdog.findings(
      { consumerAt: aliveAt, partitions: signs },
      now,
    )) {
      const { forMs } = finding;
      const about = { ...finding, forMs: Math.round(forMs), ...headOf(finding, states) };
      this.#log.error(about, 'something is stuck');
      if (finding.kind === 'consumer-silent') this.#reactions.rejoin('it shows no sign of life');
      else if (finding.kind === 'partition-silent') {
        this.#reactions.rejoin(`${partitionKey(finding.topic, finding.partition)} brings nothing`);
      } else this.#reactions.stuck(finding.topic, finding.partition, forMs);
    }
  }
}

/** What nothing of the partition gets past: workflow ids, or effects and their keys. */
function headOf(
  finding: Finding,
  partitions: readonly PartitionState[],
): { lanes?: readonly string[] } {
  if (finding.kind !== 'nothing-settled') return {};
  const { topic, partition } = finding;
  const state = partitions.find((one) => one.topic === topic && one.partition === partition);
  return state?.headLanes === undefined ? {} : { lanes: state.headLanes };
}
