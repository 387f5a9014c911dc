/**
 * Shell: one session of a consumer, from one assignment of partitions to the next.
 *
 * K1 Handlers return at once, but for one question to a broker that is put between two fetches: a
 *    handler that waits keeps its broker's other partitions, and the heartbeats, waiting with it.
 * K4 Nothing is read before the session is opened, and reading begins where the starting points
 *    say, wherever kafkajs would have begun. What was fetched before is not delivered after.
 * K6 A big batch is handed over in slices, so that answers and heartbeats come in between.
 */
import type { Cluster, Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Logger } from 'pino';
import type { MemberAssignment } from './assignment.js';
import type { Decoder } from '../matching/decoder.js';
import type { Delivery } from '../engine/engine-ports.js';
import type { PartitionState } from '../engine/observer.js';
import { IdentityCheck } from './identity-check.js';
import { PartitionCursor, partitionKey } from './partition-cursor.js';
import { type KafkaRecord, wireHeaders } from '../matching/record.js';
import { SchemaGate } from './schema-gate.js';
import type { StartingPoint } from './starting-point.js';
import type { PartitionSigns } from './watchdog.js';

export interface ConsumerSessionPorts {
  readonly consumer: Consumer;
  readonly cluster: Cluster;
  readonly decoder: Decoder;
  readonly log: Logger;
  deliver(at: Delivery, records: readonly KafkaRecord[]): void;
  /** They are delivered once their schemas are there. */
  wait(at: Delivery, records: readonly KafkaRecord[]): void;
  /** How far a partition was read, whatever becomes of the session. */
  read(cursor: PartitionCursor): void;
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

export class ConsumerSession {
  readonly assigned: MemberAssignment;
  readonly generations = new Map<string, string>();
  readonly #ports: ConsumerSessionPorts;
  readonly #gate: SchemaGate;
  readonly #cursors = new Map<string, PartitionCursor>();
  #identity: IdentityCheck | undefined;
  #epoch: number | undefined;
  #resting = false;
  #over = false;
  #letGoAt = 0;

  /** Takes the partitions, and lets none of them be fetched yet. */
  constructor(assigned: MemberAssignment, ports: ConsumerSessionPorts) {
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

  get cursors(): Iterable<PartitionCursor> {
    return this.#cursors.values();
  }

  cursorOf(topic: string, partition: number): PartitionCursor | undefined {
    return this.#cursors.get(partitionKey(topic, partition));
  }

  /**
   * Signs of life of a partition, with what the engine says of it; `undefined` for one of which nothing
   * is read. Whoever waits for schemas brings nothing, and is not silent.
   */
  signs(state: PartitionState, now: number): PartitionSigns | undefined {
    const { topic, partition } = state;
    const cursor = this.cursorOf(topic, partition);
    const full = this.#resting || state.paused || cursor?.full === true;
    const paused = full || this.#gate.holds(topic, partition);
    return cursor?.signs({ ...state, paused }, now);
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
      const cursor = new PartitionCursor(assignment, now);
      cursor.logEnd = logEnd;
      this.#cursors.set(partitionKey(topic, partition), cursor);
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
    const cursor = this.cursorOf(topic, partition);
    if (cursor === undefined) return;
    cursor.full = true;
    this.#steer('pause', topic, partition);
  }

  resume(topic: string, partition: number): void {
    const cursor = this.cursorOf(topic, partition);
    if (cursor === undefined) return;
    cursor.full = false;
    this.#release(topic, partition);
  }

  /** The batch handler. */
  async take({ batch }: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = batch;
    const cursor = this.cursorOf(topic, partition);
    if (!this.isOpen || this.#resting || cursor === undefined) return;
    if (this.#identity !== undefined && !(await this.#isSame(this.#identity))) return;
    const fetched = BigInt((batch as unknown as FetchedBatch).fetchedOffset);
    const next = BigInt(batch.lastOffset()) + 1n;
    if (!cursor.continues(fetched, next)) {
      this.#readAgain(cursor);
      return;
    }
    const highWatermark = BigInt(batch.highWatermark);
    for (let at = 0; at < messages.length; at += sliceRecords) {
      if (performance.now() > this.#letGoAt) await this.#letGo();
      const following = messages[at + sliceRecords];
      const slice = messages.slice(at, at + sliceRecords);
      const until = following === undefined ? next : BigInt(following.offset);
      if (!this.#pass(cursor, recordsOf(cursor, slice), until, highWatermark)) break;
      cursor.moveTo(until, performance.now());
    }
    if (!this.#over) this.#ports.read(cursor);
  }

  /** A batch of which kafkajs hands over nothing: only control records, or aborted ones. */
  passOver(at: EmptyBatch): void {
    const cursor = this.cursorOf(at.topic, at.partition);
    if (!this.isOpen || cursor === undefined) return;
    const first = at.firstOffset === null ? undefined : BigInt(at.firstOffset);
    const next = BigInt(at.lastOffset) + 1n;
    if (!cursor.passOver(first, next, performance.now())) this.#readAgain(cursor);
    else this.#pass(cursor, [], next, BigInt(at.highWatermark));
  }

  #pass(
    { topic, partition }: PartitionCursor,
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

  /** False when the topic is another by now, or the session is over. Insists on an answer. */
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

  #readAgain({ topic, partition, next }: PartitionCursor): void {
    this.#ports.log.debug({ topic, partition, next: next.toString() }, 'read again from here');
    this.#ports.consumer.seek({ topic, partition, offset: next.toString() });
  }

  #release(topic: string, partition: number): void {
    const cursor = this.cursorOf(topic, partition);
    if (cursor === undefined || this.#resting || cursor.full || this.#gate.holds(topic, partition))
      return;
    cursor.resumed(performance.now());
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
      // kafkajs throws while the consumer is not running; the next session says anew what is
      // paused.
      this.#ports.log.debug({ how, topic, partition, error }, 'consumer is not running');
    }
  }
}

function recordsOf(
  { topic, generation, partition }: PartitionCursor,
  messages: readonly KafkaMessage[],
): KafkaRecord[] {
  return messages.map(({ offset, timestamp, key, value, headers = noHeaders }) => {
    const own = wireHeaders(headers);
    return { topic, generation, partition, offset, timestamp, key, value, headers: own };
  });
}
