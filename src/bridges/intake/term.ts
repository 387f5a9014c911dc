/**
 * Shell: one term of a consumer, from one assignment of partitions to the next.
 *
 * K1 Handlers return at once, but for one question to a broker that is put between two fetches: a
 *    handler that waits keeps its broker's other partitions, and the heartbeats, waiting with it.
 * K4 Nothing is read before the term is opened, and reading begins where the starting points say,
 *    wherever kafkajs would have begun. What was fetched before is not delivered after.
 * K6 A big batch is handed over in slices, so that answers and heartbeats come in between.
 */
import type { Cluster, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Logger } from 'pino';
import type { MemberAssignment } from './assignment.js';
import type { Decoder } from '../matching/decoder.js';
import type { Delivery } from '../engine/engine-ports.js';
import type { PartitionState } from '../engine/observer.js';
import { IdentityCheck } from './identity-check.js';
import { Place, placeOf } from './place.js';
import type { KafkaRecord } from '../matching/record.js';
import { SchemaGate } from './schema-gate.js';
import type { StartingPoint } from './starting-point.js';
import type { PartitionSigns } from './watchdog.js';

export interface TermPorts {
  readonly consumer: Consumer;
  readonly cluster: Cluster;
  readonly decoder: Decoder;
  readonly log: Logger;
  deliver(at: Delivery, records: readonly KafkaRecord[]): void;
  /** They are delivered once their schemas are there. */
  wait(at: Delivery, records: readonly KafkaRecord[]): void;
  /** How far a partition was read, whatever becomes of the term. */
  read(place: Place): void;
  halt(cause: string): void;
  rejoin(reason: string): void;
}

/** What is told of a batch that is not handed over. */
export interface EmptyBatch {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: string | null;
  readonly lastOffset: string;
  readonly highWatermark: string;
}

/** What kafkajs' batches know beyond their types. */
interface FetchedBatch {
  readonly fetchedOffset: string;
}

const sliceRecords = 250;
/** The event loop is let go after so long, ms. */
const holdMs = 15;

const noHeaders = {};

export class Term {
  readonly assigned: MemberAssignment;
  readonly generations = new Map<string, string>();
  readonly #ports: TermPorts;
  readonly #gate: SchemaGate;
  readonly #places = new Map<string, Place>();
  #identity: IdentityCheck | undefined;
  #epoch: number | undefined;
  #resting = false;
  #over = false;
  #letGoAt = 0;

  /** Takes the partitions, and lets none of them be fetched yet. */
  constructor(assigned: MemberAssignment, ports: TermPorts) {
    this.assigned = assigned;
    this.#ports = ports;
    const { decoder, log } = ports;
    this.#gate = new SchemaGate({
      ...{ decoder, log },
      halt: (cause) => {
        ports.halt(cause);
      },
      pause: (topic, partition) => {
        this.#steer('pause', topic, partition);
      },
      resume: (topic, partition) => {
        this.#release(topic, partition);
      },
    });
    this.#steerAll('pause');
  }

  get cluster(): Cluster {
    return this.#ports.cluster;
  }

  get isOpen(): boolean {
    return this.#epoch !== undefined && !this.#over;
  }

  get isOver(): boolean {
    return this.#over;
  }

  get places(): Iterable<Place> {
    return this.#places.values();
  }

  placeOf(topic: string, partition: number): Place | undefined {
    return this.#places.get(placeOf(topic, partition));
  }

  /**
   * Signs of life of a partition, with what the engine says of it; `undefined` for one of which nothing
   * is read. Whoever waits for schemas brings nothing, and is not silent.
   */
  signs(state: PartitionState, now: number): PartitionSigns | undefined {
    const { topic, partition } = state;
    const place = this.placeOf(topic, partition);
    const full = this.#resting || state.paused || place?.full === true;
    const paused = full || this.#gate.holds(topic, partition);
    return place?.signs({ ...state, paused }, now);
  }

  /**
   * Reading begins, at `points`, for `epoch` of the engine. `identified`: the broker gives its topics
   * identities, and can be asked for them.
   */
  open(
    points: readonly Pick<StartingPoint, 'assignment' | 'logEnd'>[],
    epoch: number,
    identified: boolean,
  ): void {
    const now = performance.now();
    for (const { assignment, logEnd } of points) {
      const { topic, partition, generation, from } = assignment;
      const place = new Place(assignment, now);
      place.logEnd = logEnd;
      this.#places.set(placeOf(topic, partition), place);
      this.generations.set(topic, generation);
      this.#ports.consumer.seek({ topic, partition, offset: from.toString() });
    }
    if (identified) this.#identity = new IdentityCheck(this.#ports.cluster, this.generations);
    this.#epoch = epoch;
    if (!this.#resting) this.#steerAll('resume');
  }

  /** Nothing more is read, for good. What is settled of what was read counts. */
  rest(): void {
    this.#resting = true;
    this.#steerAll('pause');
  }

  /** Nothing is delivered any more. */
  end(): void {
    this.#over = true;
  }

  pause(topic: string, partition: number): void {
    const place = this.placeOf(topic, partition);
    if (place === undefined) return;
    place.full = true;
    this.#steer('pause', topic, partition);
  }

  resume(topic: string, partition: number): void {
    const place = this.placeOf(topic, partition);
    if (place === undefined) return;
    place.full = false;
    this.#release(topic, partition);
  }

  /** The batch handler. */
  async take({ batch }: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = batch;
    const place = this.placeOf(topic, partition);
    if (!this.isOpen || this.#resting || place === undefined) return;
    if (this.#identity !== undefined && !(await this.#isSame(this.#identity))) return;
    const fetched = BigInt((batch as unknown as FetchedBatch).fetchedOffset);
    const next = BigInt(batch.lastOffset()) + 1n;
    if (!place.continues(fetched, next)) {
      this.#readAgain(place);
      return;
    }
    const highWatermark = BigInt(batch.highWatermark);
    for (let at = 0; at < messages.length; at += sliceRecords) {
      if (performance.now() > this.#letGoAt) await this.#letGo();
      const following = messages[at + sliceRecords];
      const slice = messages.slice(at, at + sliceRecords);
      const until = following === undefined ? next : BigInt(following.offset);
      if (!this.#pass(place, recordsOf(place, slice), until, highWatermark)) break;
      place.moveTo(until, performance.now());
    }
    if (!this.#over) this.#ports.read(place);
  }

  /** A batch of which kafkajs hands over nothing: only control records, or aborted ones. */
  passOver(at: EmptyBatch): void {
    const place = this.placeOf(at.topic, at.partition);
    if (!this.isOpen || place === undefined) return;
    const first = at.firstOffset === null ? undefined : BigInt(at.firstOffset);
    const next = BigInt(at.lastOffset) + 1n;
    if (!place.passOver(first, next, performance.now())) this.#readAgain(place);
    else this.#pass(place, [], next, BigInt(at.highWatermark));
  }

  #pass(
    { topic, partition }: Place,
    records: readonly KafkaRecord[],
    next: bigint,
    highWatermark: bigint,
  ): boolean {
    const epoch = this.#epoch;
    if (epoch === undefined) return false;
    const at = { topic, partition, epoch, next, highWatermark };
    const taken = this.#gate.pass({
      ...{ topic, partition, records },
      deliver: () => {
        this.#ports.deliver(at, records);
      },
      ended: () => this.#over,
    });
    if (this.#gate.holds(topic, partition)) this.#ports.wait(at, records);
    return taken;
  }

  /** False when the topic is another by now, or the term is over. Insists on an answer. */
  async #isSame(identity: IdentityCheck): Promise<boolean> {
    for (let attempt = 1; this.isOpen; attempt += 1) {
      try {
        const changed = await identity.changed(performance.now());
        if (changed === undefined) return this.isOpen;
        this.#ports.rejoin(`${changed} was created again`);
        return false;
      } catch (error) {
        // kafkajs fetches it again, once it has brokers.
        if (attempt === 3) throw error;
      }
    }
    return false;
  }

  async #letGo(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#letGoAt = performance.now() + holdMs;
  }

  #readAgain({ topic, partition, next }: Place): void {
    this.#ports.log.debug({ topic, partition, next: next.toString() }, 'read again from here');
    this.#ports.consumer.seek({ topic, partition, offset: next.toString() });
  }

  #release(topic: string, partition: number): void {
    const place = this.placeOf(topic, partition);
    if (place === undefined || this.#resting || place.full || this.#gate.holds(topic, partition))
      return;
    place.resumed(performance.now());
    this.#steer('resume', topic, partition);
  }

  #steerAll(how: 'pause' | 'resume'): void {
    for (const [topic, partitions] of Object.entries(this.assigned)) {
      for (const partition of partitions) this.#steer(how, topic, partition);
    }
  }

  #steer(how: 'pause' | 'resume', topic: string, partition: number): void {
    if (this.#over) return;
    try {
      this.#ports.consumer[how]([{ topic, partitions: [partition] }]);
    } catch (error) {
      // kafkajs throws while the consumer is not running; the next term says anew what is paused.
      this.#ports.log.debug({ how, topic, partition, error }, 'consumer is not running');
    }
  }
}

function recordsOf(
  { topic, generation, partition }: Place,
  messages: readonly KafkaMessage[],
): KafkaRecord[] {
  return messages.map(({ offset, timestamp, key, value, headers = noHeaders }) => {
    return { topic, generation, partition, offset, timestamp, key, value, headers };
  });
}
