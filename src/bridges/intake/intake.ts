/**
 * Shell: a kafkajs consumer feeding an engine.
 *
 * K2 Offsets are committed by us alone, and only between the opening of a session and its end
 *    (`commits.ts`).
 * K3 A consumer that crashes, falls silent or lost its claim is rebuilt; only a halt or a stop ends
 *    the intake. What Kafka refuses us for good halts, and so does what cannot be read
 *    (`consumer-failures.ts`). A topic that is missing keeps nobody from the others.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { MemberAssignment } from './assignment.js';
import { Commits, type Member } from './commits.js';
import { endsWithin } from './deadline.js';
import { ConsumerFailures } from './consumer-failures.js';
import type { Decoder } from '../matching/decoder.js';
import type { Engine } from '../engine/engine.js';
import {
  createConsumer,
  type GroupConsumer,
  type GroupSettings,
  listen,
  subscribe,
} from './group-consumer.js';
import { kafkaRefusal } from './kafka-refusal.js';
import { becomeMember } from './stale-members.js';
import { readingOf, type SessionStartSettings, startSession } from './session-start.js';
import { ConsumerSession } from './consumer-session.js';
import { TopicMonitor } from './topic-monitor.js';

export interface IntakeSettings extends GroupSettings, SessionStartSettings {
  readonly commitEveryMs: number;
  readonly decoder: Decoder;
  /** Nothing of a partition was settled for so long, though something waits. */
  readonly stuck: (topic: string, partition: number, forMs: number) => void;
  /** The broker has not taken a commit. */
  readonly refused: () => void;
}

/** How often it is looked whether anything is stuck, or topics came, went or changed, ms. */
const lookEveryMs = 5_000;
/** A consumer that does not end by then is left alone, ms. */
const endMs = 10_000;

export class Intake {
  readonly #kafka: Kafka;
  readonly #settings: IntakeSettings;
  readonly #log: Logger;
  readonly #monitor: TopicMonitor;
  /** By topic, generation and partition: how far this process has read, in any session. */
  readonly #reached = new Map<string, bigint>();
  /** By topic, the generation that was read last. */
  #read: ReadonlyMap<string, string> = new Map();
  #engine: Engine | undefined;
  #commits: Commits | undefined;
  #current: GroupConsumer | undefined;
  #session: ConsumerSession | undefined;
  #subscribed: readonly string[] = [];
  #aliveAt = 0;
  #timers: NodeJS.Timeout[] = [];
  #rebuilding: Promise<void> | undefined;
  #dead: GroupConsumer | undefined;
  readonly #failures = new ConsumerFailures();
  #builtAt = 0;
  #resting = false;
  #ended = false;
  /** Cuts short what is waited for before a consumer is built again. */
  readonly #ending = new AbortController();

  constructor(kafka: Kafka, settings: IntakeSettings, log: Logger) {
    this.#kafka = kafka;
    this.#settings = settings;
    this.#log = log;
    const { stuck, halt } = settings;
    const ends = (topic: string, partition: number, end: bigint): void => {
      this.#engine?.learnEnd(topic, partition, end);
    };
    this.#monitor = new TopicMonitor({ stuck, halt, rejoin: this.rejoin, ends }, log);
  }

  /** Resolves when the consumer runs; it may not have been given partitions yet. K3 */
  async start(engine: Engine): Promise<void> {
    this.#engine = engine;
    const { refused } = this.#settings;
    this.#commits = new Commits({ engine, refused, log: this.#log });
    await this.#build().catch((error: unknown) => {
      if (!this.#isRefused(error)) throw error;
    });
    this.#timers = [
      setInterval(() => void this.commit(), this.#settings.commitEveryMs),
      setInterval(() => {
        this.#look();
      }, lookEveryMs),
    ];
  }

  /** True once the group has given this member its partitions. */
  get assigned(): boolean {
    return this.#session?.isOpen ?? false;
  }

  pause(topic: string, partition: number): void {
    this.#session?.pause(topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.#session?.resume(topic, partition);
  }

  /** Reads nothing more, whoever resumes what; what is settled is committed as before. */
  rest(): void {
    this.#resting = true;
    this.#session?.rest();
  }

  /** Commits what is settled. A failed commit is tried again at the next turn. */
  async commit(): Promise<void> {
    const [made, session] = [this.#current, this.#session];
    if (made === undefined || session === undefined) return;
    await this.#commits?.commit(this.#memberOf(made, session));
  }

  /**
   * Leaves the group and joins it anew, after `afterMs`. What is under way goes on until the partitions
   * are given out.
   */
  readonly rejoin = (reason: string, afterMs = 0): void => {
    if (this.#ended || this.#rebuilding !== undefined) return;
    this.#log.warn({ reason, afterMs }, 'the consumer is rebuilt');
    this.#rebuilding = this.#rebuild(afterMs);
  };

  /**
   * Commits what is settled and leaves the group, within `withinMs`. False: Kafka did not answer; what
   * was not committed is delivered again, and the others get the partitions when the session ends.
   */
  async stop(withinMs = endMs): Promise<boolean> {
    this.#end();
    for (const timer of this.#timers) clearInterval(timer);
    const until = performance.now() + withinMs;
    const committed = await endsWithin(withinMs / 2, this.commit());
    this.#session?.end();
    const leaving = Promise.all([this.#leave(), this.#rebuilding]);
    return (await endsWithin(until - performance.now(), leaving)) && committed;
  }

  async #build(): Promise<void> {
    const made = createConsumer(this.#kafka, this.#settings);
    this.#current = made;
    this.#aliveAt = performance.now();
    this.#builtAt = this.#aliveAt;
    this.#subscribed = await subscribe(made, this.#settings, this.#log);
    if (this.#subscribed.length === 0 || this.#ended) return;
    this.#listen(made);
    await made.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: true,
      partitionsConsumedConcurrently: 64,
      eachBatch: (payload) => this.#sessionOf(made)?.take(payload) ?? Promise.resolve(),
    });
  }

  /** K2 */
  #memberOf(made: GroupConsumer, session: ConsumerSession): Member {
    const isCurrent = (): boolean => session.isOpen && this.#sessionOf(made) === session;
    return { consumer: made.consumer, assigned: session.assigned, isCurrent };
  }

  #sessionOf(made: GroupConsumer): ConsumerSession | undefined {
    return made === this.#current ? this.#session : undefined;
  }

  #listen(made: GroupConsumer): void {
    listen(made.consumer, {
      joined: ({ memberId, memberAssignment }) => {
        if (made !== this.#current) return;
        // K2: what it had may be another's, also where nothing is begun any more.
        this.#session?.end();
        if (this.#ended) return;
        becomeMember(made.consumer, memberId);
        this.#begin(made, memberAssignment);
      },
      rebalancing: () => {
        this.#log.info('rebalancing');
        void this.commit();
      },
      alive: () => {
        this.#aliveAt = performance.now();
      },
      empty: (batch) => this.#sessionOf(made)?.passOver(batch),
      died: (error) => {
        if (made !== this.#current) return;
        this.#dead = made;
        if (!this.#isRefused(error)) this.#rise(made, error);
      },
    });
  }

  /** After a death: D1 and D2 of `consumer-failures.ts`. */
  #rise(made: GroupConsumer, error: Error): void {
    const session = this.#sessionOf(made);
    const readings = session?.isOpen === true ? session.cursors : [];
    const livedMs = performance.now() - this.#builtAt;
    const { afterMs, hopeless } = this.#failures.died(error, readings, livedMs);
    if (hopeless === undefined) this.rejoin(`it died: ${error.message}`, afterMs);
    else this.#halt(hopeless);
  }

  /** A new session begins: nothing of the last one is delivered or committed any more. */
  #begin(made: GroupConsumer, assigned: MemberAssignment): void {
    if (this.#session !== undefined && this.#session.generations.size > 0) {
      this.#read = this.#session.generations;
    }
    const { decoder, halt } = this.#settings;
    const session = new ConsumerSession(assigned, {
      ...{ ...made, decoder, halt, log: this.#log },
      deliver: (at, records) => this.#engine?.deliver(at, records),
      wait: (at, records) => this.#engine?.wait(at, records),
      read: (cursor) => {
        this.#reached.set(readingOf(cursor), cursor.next);
      },
      rejoin: this.rejoin,
    });
    this.#session = session;
    if (this.#resting) session.rest();
    this.#aliveAt = performance.now();
    const engine = this.#engine;
    if (engine === undefined) return;
    void startSession({
      ...{ session, engine, settings: this.#settings, log: this.#log },
      ...{ read: this.#read, reached: this.#reached },
      begin: (assignments) => void this.#commits?.begin(this.#memberOf(made, session), assignments),
    });
  }

  #look(): void {
    if (this.#ended || this.#rebuilding !== undefined) return;
    void this.#monitor.look({
      ...{ cluster: this.#current?.cluster, session: this.#session, aliveAt: this.#aliveAt },
      ...{ patterns: this.#settings.topics, subscribed: this.#subscribed },
      partitions: () => this.#engine?.state().partitions ?? [],
    });
  }

  async #rebuild(afterMs: number): Promise<void> {
    await endsWithin(endMs, this.commit());
    this.#session?.end();
    await this.#leave();
    await this.#rest(afterMs);
    for (let attempt = 1; !this.#ended; attempt += 1) {
      await this.#leave();
      try {
        await this.#build();
        // It may die while it is being built, which nobody rebuilds but who builds.
        if (this.#dead !== this.#current) break;
        throw new Error('the consumer died while it was started');
      } catch (error) {
        if (this.#isRefused(error)) continue;
        const reason = error instanceof Error ? error.message : String(error);
        this.#log.warn({ reason }, 'Kafka does not answer; it is tried again');
        const isDead = this.#dead !== undefined && this.#dead === this.#current;
        await this.#rest(Math.min(isDead ? 30_000 : 2_000, 250 * 2 ** attempt));
      }
    }
    if (this.#ended) await this.#leave();
    // Not a moment later: whoever dies from now on is rebuilt again.
    this.#rebuilding = undefined;
  }

  /** K3: then there is nothing to build any more. */
  #isRefused(error: unknown): boolean {
    const refusal = kafkaRefusal(error);
    if (refusal !== undefined) this.#halt(refusal);
    return refusal !== undefined;
  }

  #halt(cause: string): void {
    this.#end();
    this.#settings.halt(cause);
  }

  #end(): void {
    this.#ended = true;
    this.#ending.abort();
  }

  async #rest(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ending.signal }).catch(() => undefined);
  }

  async #leave(): Promise<void> {
    const { consumer } = this.#current ?? {};
    this.#current = undefined;
    if (consumer !== undefined) becomeMember(consumer, undefined);
    const left = consumer?.disconnect().catch(() => undefined);
    if (left !== undefined) await endsWithin(endMs, left);
  }
}
