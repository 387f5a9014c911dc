/**
 * Shell: a kafkajs consumer feeding an engine.
 *
 * K2 Offsets are committed by us alone, and only between the opening of a term and its end
 *    (`commits.ts`).
 * K3 A consumer that crashes, falls silent or lost its claim is rebuilt; only a halt or a stop ends
 *    the intake. What Kafka refuses us for good halts, and so does what cannot be read (`deaths.ts`).
 *    A topic that is missing keeps nobody from the others.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { MemberAssignment } from './assignment.js';
import { Commits, type Member } from './commits.js';
import { endsWithin } from './deadline.js';
import { Deaths } from './deaths.js';
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
import { becomeMember } from './predecessors.js';
import { readingOf, takeOver, type TakeOverSettings } from './take-over.js';
import { Term } from './term.js';
import { Vigil } from './vigil.js';

export interface IntakeSettings extends GroupSettings, TakeOverSettings {
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
  readonly #vigil: Vigil;
  /** By topic, generation and partition: how far this process has read, in any term. */
  readonly #reached = new Map<string, bigint>();
  /** By topic, the incarnation that was read last. */
  #read: ReadonlyMap<string, string> = new Map();
  #engine: Engine | undefined;
  #commits: Commits | undefined;
  #current: GroupConsumer | undefined;
  #term: Term | undefined;
  #subscribed: readonly string[] = [];
  #aliveAt = 0;
  #timers: NodeJS.Timeout[] = [];
  #rebuilding: Promise<void> | undefined;
  #dead: GroupConsumer | undefined;
  readonly #deaths = new Deaths();
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
    this.#vigil = new Vigil({ stuck, halt, rejoin: this.rejoin, ends }, log);
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
    return this.#term?.isOpen ?? false;
  }

  pause(topic: string, partition: number): void {
    this.#term?.pause(topic, partition);
  }

  resume(topic: string, partition: number): void {
    this.#term?.resume(topic, partition);
  }

  /** Reads nothing more, whoever resumes what; what is settled is committed as before. */
  rest(): void {
    this.#resting = true;
    this.#term?.rest();
  }

  /** Commits what is settled. A failed commit is tried again at the next turn. */
  async commit(): Promise<void> {
    const [made, term] = [this.#current, this.#term];
    if (made === undefined || term === undefined) return;
    await this.#commits?.commit(this.#memberOf(made, term));
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
    this.#term?.end();
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
      eachBatch: (payload) => this.#termOf(made)?.take(payload) ?? Promise.resolve(),
    });
  }

  /** K2 */
  #memberOf(made: GroupConsumer, term: Term): Member {
    const isCurrent = (): boolean => term.isOpen && this.#termOf(made) === term;
    return { consumer: made.consumer, assigned: term.assigned, isCurrent };
  }

  #termOf(made: GroupConsumer): Term | undefined {
    return made === this.#current ? this.#term : undefined;
  }

  #listen(made: GroupConsumer): void {
    listen(made.consumer, {
      joined: ({ memberId, memberAssignment }) => {
        if (made !== this.#current) return;
        // K2: what it had may be another's, also where nothing is begun any more.
        this.#term?.end();
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
      empty: (batch) => this.#termOf(made)?.passOver(batch),
      died: (error) => {
        if (made !== this.#current) return;
        this.#dead = made;
        if (!this.#isRefused(error)) this.#rise(made, error);
      },
    });
  }

  /** After a death: D1 and D2 of `deaths.ts`. */
  #rise(made: GroupConsumer, error: Error): void {
    const term = this.#termOf(made);
    const readings = term?.isOpen === true ? term.places : [];
    const livedMs = performance.now() - this.#builtAt;
    const { afterMs, hopeless } = this.#deaths.died(error, readings, livedMs);
    if (hopeless === undefined) this.rejoin(`it died: ${error.message}`, afterMs);
    else this.#halt(hopeless);
  }

  /** A new term begins: nothing of the last one is delivered or committed any more. */
  #begin(made: GroupConsumer, assigned: MemberAssignment): void {
    if (this.#term !== undefined && this.#term.generations.size > 0) {
      this.#read = this.#term.generations;
    }
    const { decoder, halt } = this.#settings;
    const term = new Term(assigned, {
      ...{ ...made, decoder, halt, log: this.#log },
      deliver: (at, records) => this.#engine?.deliver(at, records),
      wait: (at, records) => this.#engine?.wait(at, records),
      read: (place) => {
        this.#reached.set(readingOf(place), place.next);
      },
      rejoin: this.rejoin,
    });
    this.#term = term;
    if (this.#resting) term.rest();
    this.#aliveAt = performance.now();
    const engine = this.#engine;
    if (engine === undefined) return;
    void takeOver({
      ...{ term, engine, settings: this.#settings, log: this.#log },
      ...{ read: this.#read, reached: this.#reached },
      begin: (assignments) => void this.#commits?.begin(this.#memberOf(made, term), assignments),
    });
  }

  #look(): void {
    if (this.#ended || this.#rebuilding !== undefined) return;
    void this.#vigil.look({
      ...{ cluster: this.#current?.cluster, term: this.#term, aliveAt: this.#aliveAt },
      ...{ patterns: this.#settings.topics, subscribed: this.#subscribed },
      partitions: () => this.#engine?.state().partitions ?? [],
    });
  }

  async #rebuild(afterMs: number): Promise<void> {
    await endsWithin(endMs, this.commit());
    this.#term?.end();
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
