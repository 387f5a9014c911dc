/**
 * Shell: a kafkajs consumer feeding an engine.
 *
 * K1 The batch handler only enqueues and returns, so that no partition starves another and
 *    heartbeats go on (kafkajs sends them only between batches).
 * K2 Offsets are committed by us alone, filtered by the current assignment just before sending:
 *    the broker accepts a commit for a partition that is no longer owned (tulios/kafkajs#1046).
 * K3 A consumer that crashes for good is rebuilt; only a halt or a stop ends it.
 */
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { Decoder } from './decoder.js';
import type { Engine } from './engine.js';
import type { KafkaRecord } from './record.js';
import { SchemaGate } from './schema-gate.js';
import type { TopicPattern } from './topic-pattern.js';

export interface IntakeSettings {
  readonly groupId: string;
  readonly topics: readonly TopicPattern[];
  /** After a kill, the broker hands the partitions over when this has passed. */
  readonly sessionTimeoutMs: number;
  readonly commitEveryMs: number;
  /** Of topics whose own identity is not known. */
  readonly generation: string;
  readonly decoder: Decoder;
  /** Called when no retry can mend what is wrong. */
  readonly halt: (cause: string) => void;
}

export class Intake {
  readonly #kafka: Kafka;
  readonly #settings: IntakeSettings;
  readonly #log: Logger;
  readonly #gate: SchemaGate;
  /** Partitions that the engine has enough of, whether or not the gate holds them too. */
  readonly #full = new Set<string>();
  #engine: Engine | undefined;
  #consumer: Consumer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #committing: Promise<void> | undefined;
  #assigned = false;
  #ended = false;

  constructor(kafka: Kafka, settings: IntakeSettings, log: Logger) {
    this.#kafka = kafka;
    this.#settings = settings;
    this.#log = log;
    const { decoder, halt } = settings;
    this.#gate = new SchemaGate({
      ...{ decoder, halt, log },
      pause: (topic, partition) => {
        this.#steer('pause', topic, partition);
      },
      resume: (topic, partition) => {
        if (!this.#full.has(`${topic}/${partition}`)) this.#steer('resume', topic, partition);
      },
    });
  }

  /** Resolves when the consumer runs; it may not have been given partitions yet. */
  async start(engine: Engine): Promise<void> {
    this.#engine = engine;
    await this.#build();
    this.#timer = setInterval(() => void this.commit(), this.#settings.commitEveryMs);
  }

  /** True once the group has given this member its partitions. */
  get assigned(): boolean {
    return this.#assigned;
  }

  pause(topic: string, partition: number): void {
    this.#full.add(`${topic}/${partition}`);
    this.#steer('pause', topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.#full.delete(`${topic}/${partition}`);
    if (!this.#gate.holds(topic, partition)) this.#steer('resume', topic, partition);
  }

  /** Commits what is settled. A failed commit is tried again at the next turn. */
  async commit(): Promise<void> {
    await this.#committing;
    this.#committing = this.#commitNow().finally(() => {
      this.#committing = undefined;
    });
    await this.#committing;
  }

  /** Commits what is settled and leaves the group. */
  async stop(): Promise<void> {
    this.#ended = true;
    clearInterval(this.#timer);
    await this.commit();
    await this.#consumer?.disconnect();
  }

  async #build(): Promise<void> {
    const { groupId, sessionTimeoutMs, topics } = this.#settings;
    const consumer = this.#kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: 30_000,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
      // Each rebalance, resume and stop waits for the long poll to end.
      maxWaitTimeInMs: 100,
      minBytes: 1,
      maxBytesPerPartition: 1024 * 1024,
      allowAutoTopicCreation: false,
      retry: { retries: 10, initialRetryTime: 200, restartOnFailure: () => Promise.resolve(true) },
    });
    this.#consumer = consumer;
    this.#listen(consumer);
    await consumer.connect();
    // Not from the end: an offset out of range would silently skip everything in between.
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) => this.#deliver(payload),
    });
  }

  #listen(consumer: Consumer): void {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const { memberAssignment: partitions } = payload;
      const { generation } = this.#settings;
      const assignments = Object.entries(partitions).flatMap(([topic, numbers]) =>
        numbers.map((partition) => ({ topic, generation, partition })),
      );
      const epoch = this.#engine?.assigned(assignments);
      this.#assigned = true;
      this.#log.info({ epoch, partitions }, 'partitions assigned');
    });
    consumer.on(consumer.events.REBALANCING, () => {
      this.#log.info('rebalancing');
      void this.commit();
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart || this.#ended) return;
      this.#log.error({ error: payload.error.message }, 'consumer died; it is rebuilt');
      void this.#rebuild(consumer);
    });
  }

  /** Leaves the group and joins it anew. */
  rejoin(): void {
    const consumer = this.#consumer;
    if (consumer !== undefined && !this.#ended) void this.#rebuild(consumer);
  }

  async #rebuild(dead: Consumer): Promise<void> {
    this.#assigned = false;
    await dead.disconnect().catch(() => undefined);
    while (!this.#ended) {
      try {
        await this.#build();
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.warn({ error: reason }, 'Kafka does not answer; trying again in 2 s');
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
    }
  }

  #deliver({ batch }: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = batch;
    const records = messages.map((message): KafkaRecord => ({
      topic,
      generation: this.#settings.generation,
      partition,
      offset: message.offset,
      timestamp: message.timestamp,
      key: message.key,
      value: message.value,
      headers: message.headers ?? {},
    }));
    const engine = this.#engine;
    if (engine !== undefined) {
      const { epoch } = engine;
      const next = BigInt(batch.lastOffset()) + 1n;
      this.#gate.pass({
        ...{ topic, partition, records },
        deliver: () => {
          engine.deliver({ topic, partition, epoch, next }, records);
        },
        ended: () => this.#ended || engine.epoch !== epoch,
      });
    }
    return Promise.resolve();
  }

  async #commitNow(): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined || this.#consumer === undefined || !this.#assigned) return;
    const releases = engine.releases();
    if (releases.length === 0) return;
    try {
      await this.#consumer.commitOffsets(
        releases.map(({ window: { topic, partition }, offset }) => ({
          topic,
          partition,
          offset: offset.toString(),
        })),
      );
      for (const { window, offset } of releases) window.committed = offset;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#log.debug({ error: reason }, 'commit refused; the next one carries it');
    }
  }

  #steer(how: 'pause' | 'resume', topic: string, partition: number): void {
    try {
      this.#consumer?.[how]([{ topic, partitions: [partition] }]);
    } catch (error) {
      // kafkajs throws while the consumer is not running; a rebuilt one starts unpaused.
      this.#log.debug({ how, topic, partition, error }, 'consumer is not running');
    }
  }
}
