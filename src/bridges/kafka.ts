/**
 * Shell: a kafkajs consumer feeding an engine.
 *
 * K1 The batch handler only enqueues and returns, so that no partition starves another and
 *    heartbeats go on (kafkajs sends them only between batches). It waits for one answer of a broker,
 *    at most: where the group stands, or which incarnation of the topic it is.
 * K3 A consumer that crashes for good, falls silent or lost its claim is rebuilt; only a halt or a
 *    stop ends it.
 * K4 What was fetched before an assignment is not delivered after it.
 * K5 Never a silent jump: records that are gone, a topic that was cut off or created again are
 *    noticed at the assignment and while running.
 */
import {
  type Admin,
  type Cluster,
  type Consumer,
  type EachBatchPayload,
  type Kafka,
  PartitionAssigners,
} from 'kafkajs';
import type { Logger } from 'pino';
import { type MemberAssignment, startingPoints } from './assignment.js';
import { Commits } from './commits.js';
import type { Decoder } from './decoder.js';
import type { Engine } from './engine.js';
import { IdentityCheck } from './identity-check.js';
import type { ProcessIdentity } from './member.js';
import { dismissPredecessors } from './predecessors.js';
import { placeOf, Progress } from './progress.js';
import type { KafkaRecord } from './record.js';
import { goneInWords, type Gone, type StartingPoint } from './starting-point.js';
import { SchemaGate } from './schema-gate.js';
import type { TopicPattern } from './topic-pattern.js';
import { Vigil } from './vigil.js';

export interface IntakeSettings {
  readonly groupId: string;
  readonly topics: readonly TopicPattern[];
  /** After a kill, the broker hands the partitions over when this has passed. */
  readonly sessionTimeoutMs: number;
  readonly commitEveryMs: number;
  /** Of topics whose own identity is not known. */
  readonly generation: string;
  readonly whenRecordsAreGone: 'halt' | 'continue';
  readonly self: ProcessIdentity;
  readonly decoder: Decoder;
  /** Called when no retry can mend what is wrong. */
  readonly halt: (cause: string) => void;
  /** Nothing of a partition was settled for so long, though something waits. */
  readonly stuck: (topic: string, partition: number, forMs: number) => void;
}

/** How often it is looked whether anything is stuck, or a topic was created again, ms. */
const lookEveryMs = 5_000;

/** From joining the group to the next join. */
interface Term {
  readonly consumer: Consumer;
  /** Who waits for it to be known. */
  readonly ready: (() => void)[];
  /** Undefined until it is known where the group stands. */
  epoch: number | undefined;
  readonly generations: Map<string, string>;
  identity?: IdentityCheck;
}

export class Intake {
  readonly #kafka: Kafka;
  readonly #settings: IntakeSettings;
  readonly #log: Logger;
  readonly #admin: Admin;
  readonly #progress = new Progress();
  readonly #vigil: Vigil;
  readonly #gate: SchemaGate;
  /** Partitions that the engine has enough of, whether or not the gate holds them too. */
  readonly #full = new Set<string>();
  /** Partitions of which the last batch was not handed to the engine, or not yet. */
  readonly #undelivered = new Set<string>();
  #engine: Engine | undefined;
  #commits: Commits | undefined;
  #consumer: Consumer | undefined;
  #cluster: Cluster | undefined;
  #term: Term | undefined;
  #timers: NodeJS.Timeout[] = [];
  #rebuilding = false;
  #looking = false;
  #ended = false;

  constructor(kafka: Kafka, settings: IntakeSettings, log: Logger) {
    this.#kafka = kafka;
    this.#settings = settings;
    this.#log = log;
    this.#admin = kafka.admin();
    const { stuck, decoder, halt } = settings;
    this.#gate = new SchemaGate({
      ...{ decoder, halt, log },
      pause: (topic, partition) => {
        this.#steer('pause', topic, partition);
      },
      resume: (topic, partition) => {
        if (!this.#full.has(placeOf(topic, partition))) this.#steer('resume', topic, partition);
      },
    });
    const reactions = {
      stuck,
      rejoin: (reason: string) => {
        this.rejoin(reason);
      },
      gone: (gone: Gone) => {
        this.#accept(gone);
      },
    };
    this.#vigil = new Vigil(this.#admin, this.#progress, reactions, log);
  }

  /** Resolves when the consumer runs; it may not have been given partitions yet. */
  async start(engine: Engine): Promise<void> {
    this.#engine = engine;
    this.#commits = new Commits(engine, this.#log);
    await this.#admin.connect();
    await this.#build();
    this.#timers = [
      setInterval(() => void this.commit(), this.#settings.commitEveryMs),
      setInterval(() => void this.#look(), lookEveryMs),
    ];
  }

  /** True once the group has given this member its partitions. */
  get assigned(): boolean {
    return this.#term?.epoch !== undefined;
  }

  pause(topic: string, partition: number): void {
    this.#full.add(placeOf(topic, partition));
    this.#steer('pause', topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.#progress.resumed(topic, partition);
    this.#full.delete(placeOf(topic, partition));
    if (!this.#gate.holds(topic, partition)) this.#steer('resume', topic, partition);
  }

  async commit(): Promise<void> {
    if (this.#consumer !== undefined && this.assigned) await this.#commits?.commit(this.#consumer);
  }

  /** Leaves the group and joins it anew. */
  rejoin(reason: string): void {
    const consumer = this.#consumer;
    if (consumer === undefined || this.#ended || this.#rebuilding) return;
    this.#log.warn({ reason }, 'the consumer is rebuilt');
    void this.#rebuild(consumer);
  }

  /** Commits what is settled and leaves the group. */
  async stop(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.commit();
    await this.#consumer?.disconnect();
    await this.#admin.disconnect();
  }

  async #build(): Promise<void> {
    const { groupId, sessionTimeoutMs, topics, self } = this.#settings;
    let cluster: Cluster | undefined;
    const consumer = this.#kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: 30_000,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
      // Each rebalance, resume and stop waits for the long poll to end.
      maxWaitTimeInMs: 100,
      minBytes: 1,
      maxBytesPerPartition: 1024 * 1024,
      // New topics of a pattern, and new partitions, are noticed at this age.
      metadataMaxAge: 10_000,
      allowAutoTopicCreation: false,
      // The one public place where kafkajs shows its connections.
      partitionAssigners: [
        (config) => {
          cluster = config.cluster;
          return PartitionAssigners.roundRobin(config);
        },
      ],
      retry: { retries: 10, initialRetryTime: 200, restartOnFailure: () => Promise.resolve(true) },
    });
    this.#consumer = consumer;
    this.#listen(consumer);
    await consumer.connect();
    this.#cluster = cluster;
    if (cluster !== undefined) {
      await dismissPredecessors({ admin: this.#admin, cluster, groupId }, self, this.#log);
    }
    // Not from the end: an offset out of range would silently skip everything in between.
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) => this.#take(consumer, payload),
    });
  }

  #listen(consumer: Consumer): void {
    const { events } = consumer;
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      if (consumer === this.#consumer) this.#begin(consumer, payload.memberAssignment);
    });
    consumer.on(events.REBALANCING, () => {
      this.#log.info('rebalancing');
      void this.commit();
    });
    for (const event of [events.HEARTBEAT, events.FETCH] as const) {
      consumer.on(event, () => {
        this.#progress.alive();
      });
    }
    // Control records and aborted ones never come to the handler.
    consumer.on(events.END_BATCH_PROCESS, ({ payload }) => {
      const { topic, partition, lastOffset } = payload;
      const epoch = this.#term?.consumer === consumer ? this.#term.epoch : undefined;
      // What came to the handler is stepped over when it has been delivered, not before.
      if (epoch === undefined || this.#undelivered.has(placeOf(topic, partition))) return;
      this.#engine?.deliver({ topic, partition, epoch, next: BigInt(lastOffset) + 1n }, []);
    });
    consumer.on(events.CRASH, ({ payload }) => {
      if (payload.restart || this.#ended || consumer !== this.#consumer) return;
      this.rejoin(`it died: ${payload.error.message}`);
    });
  }

  /** A new term begins: nothing of the last one may settle or be delivered any more. */
  #begin(consumer: Consumer, assigned: MemberAssignment): void {
    this.#engine?.revoke();
    const term: Term = { consumer, epoch: undefined, ready: [], generations: new Map() };
    this.#term = term;
    this.#progress.begin();
    this.#undelivered.clear();
    void this.#learn(term, assigned).then(() => {
      for (const wake of term.ready) wake();
    });
  }

  /** Finds out where the group stands, for as long as the term lasts. */
  async #learn(term: Term, assigned: MemberAssignment): Promise<void> {
    const { groupId, generation } = this.#settings;
    for (let attempt = 1; this.#isCurrent(term); attempt += 1) {
      try {
        const cluster = this.#cluster;
        if (cluster === undefined) throw new Error('kafka: no connection yet');
        const reached = (topic: string, of: string, partition: number) =>
          this.#progress.reached(topic, of, partition);
        const question = { admin: this.#admin, cluster, groupId, generation, reached };
        const points = await startingPoints(assigned, question);
        if (this.#isCurrent(term)) this.#takeOver(term, points);
        return;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log[attempt === 5 ? 'warn' : 'debug']({ error: reason }, 'asking where to begin');
        await new Promise((wake) => setTimeout(wake, Math.min(2_000, 100 * 2 ** attempt)));
      }
    }
  }

  #takeOver(term: Term, points: readonly StartingPoint[]): void {
    for (const { gone } of points) if (gone !== undefined && !this.#accept(gone)) return;
    for (const { assignment, recreated, gone } of points) {
      const { topic, partition, generation, from } = assignment;
      term.generations.set(topic, generation);
      if (recreated) this.#log.warn({ topic, partition }, 'the topic was created again');
      if (!recreated && gone === undefined) continue;
      term.consumer.seek({ topic, partition, offset: from.toString() });
    }
    if (this.#cluster !== undefined) {
      term.identity = new IdentityCheck(this.#cluster, term.generations);
    }
    term.epoch = this.#engine?.assigned(points.map(({ assignment }) => assignment));
    const partitions = points.map(({ assignment: { topic, partition, from } }) =>
      [topic, partition, from].join('/'),
    );
    this.#log.info({ epoch: term.epoch, partitions }, 'partitions assigned');
  }

  /** K5. False: the operator wants to be asked. */
  #accept(gone: Gone): boolean {
    const words = goneInWords(gone);
    this.#log.error(gone, words);
    if (this.#settings.whenRecordsAreGone === 'continue') return true;
    this.#settings.halt(words);
    return false;
  }

  #isCurrent(term: Term): boolean {
    return term === this.#term && !this.#ended;
  }

  async #take(consumer: Consumer, payload: EachBatchPayload): Promise<void> {
    const term = this.#term;
    if (term === undefined || term.consumer !== consumer) return;
    this.#undelivered.add(placeOf(payload.batch.topic, payload.batch.partition));
    while (term.epoch === undefined && this.#isCurrent(term)) {
      await new Promise<void>((wake) => {
        term.ready.push(wake);
        setTimeout(wake, 1_000);
      });
      await payload.heartbeat();
    }
    // A seek of ours discards what was fetched from the wrong place.
    if (payload.isStale() || !this.#isCurrent(term)) return;
    const records = this.#recordsOf(term, payload);
    if (!(await this.#isOfThisIncarnation(term, payload)) || !this.#isCurrent(term)) return;
    const { topic, partition } = payload.batch;
    this.#gate.pass({
      ...{ topic, partition, records },
      deliver: () => {
        this.#undelivered.delete(placeOf(topic, partition));
        this.#deliver(term, payload, records);
      },
      ended: () => !this.#isCurrent(term),
    });
  }

  /** K5. Insists for as long as the term lasts. */
  async #isOfThisIncarnation(term: Term, payload: EachBatchPayload): Promise<boolean> {
    while (this.#isCurrent(term)) {
      try {
        const changed = await term.identity?.changed();
        if (changed !== undefined) this.rejoin(`${changed} was created again`);
        return changed === undefined;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.debug({ error: reason }, 'asking which incarnation of the topic it is');
        await new Promise((wake) => setTimeout(wake, 200));
        await payload.heartbeat();
      }
    }
    return false;
  }

  #deliver(term: Term, { batch }: EachBatchPayload, records: readonly KafkaRecord[]): void {
    const { topic, partition } = batch;
    const { epoch } = term;
    const generation = term.generations.get(topic) ?? this.#settings.generation;
    const [first] = records;
    const expected = this.#progress.expected(topic, partition);
    if (first !== undefined && expected !== undefined && BigInt(first.offset) < expected) {
      // Offsets begin again: another incarnation, or a log that was cut off.
      this.rejoin(`offsets of ${topic}/${String(partition)} went back`);
      return;
    }
    const next = BigInt(batch.lastOffset()) + 1n;
    if (epoch === undefined) return;
    const highWatermark = BigInt(batch.highWatermark);
    this.#progress.delivered(topic, generation, partition, next);
    this.#engine?.deliver({ topic, partition, epoch, next, highWatermark }, records);
  }

  #recordsOf(term: Term, { batch }: EachBatchPayload): readonly KafkaRecord[] {
    const { topic, partition, messages } = batch;
    const generation = term.generations.get(topic) ?? this.#settings.generation;
    return messages.map(({ offset, timestamp, key, value, headers = {} }) => {
      return { topic, generation, partition, offset, timestamp, key, value, headers };
    });
  }

  async #look(): Promise<void> {
    const term = this.#term;
    if (this.#cluster === undefined || term?.epoch === undefined || this.#looking) return;
    this.#looking = true;
    const { generations } = term;
    const partitions = this.#engine?.state().partitions ?? [];
    await this.#vigil.look({ cluster: this.#cluster, generations, partitions });
    this.#looking = false;
  }

  async #rebuild(dead: Consumer): Promise<void> {
    this.#rebuilding = true;
    this.#engine?.revoke();
    this.#term = undefined;
    this.#consumer = dead;
    await this.#leave();
    while (!this.#ended) {
      try {
        await this.#build();
        break;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.warn({ error: reason }, 'Kafka does not answer; trying again in 2 s');
        await this.#leave();
        await new Promise((resolve) => setTimeout(resolve, 2_000));
      }
    }
    this.#rebuilding = false;
  }

  /** A consumer that could not be set up leaves nothing behind. */
  async #leave(): Promise<void> {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    await consumer?.disconnect().catch(() => undefined);
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
