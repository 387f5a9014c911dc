/**
 * Between the intake and the engine: a batch passes when the schemas that its records name are there.
 *
 * G1 Batches of one partition pass in the order in which they came, or not at all.
 * G2 A partition that waits is paused and holds up no other: kafkajs fetches nothing more from a
 *    broker while a handler of one of its partitions is under way, so handlers never wait.
 * G3 While the registry does not answer, batches wait: they are neither passed over nor blamed. When
 *    it refuses, nothing passes any more.
 * G4 A batch that could not be handed over halts, and nothing passes it: whoever read on would lose it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Decoder } from '../matching/decoder.js';
import { RegistryUnavailable } from '../formats/schema-registry.js';
import { complaintOf } from '../formats/unreadable.js';
import type { KafkaRecord } from '../matching/record.js';

export interface GatePorts {
  readonly decoder: Decoder;
  readonly log: Logger;
  /** Called when no retry can mend it: the reason holds for every record. */
  halt(cause: string): void;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  /** Between two tries, ms; default 1,000. */
  readonly everyMs?: number;
}

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
  /** Hands it to the engine. */
  readonly deliver: () => void;
  /** True when nobody waits for it any more: it is not delivered. */
  readonly ended: () => boolean;
}

export class SchemaGate {
  readonly #ports: GatePorts;
  readonly #queues = new Map<string, Promise<void>>();
  #shut = false;

  constructor(ports: GatePorts) {
    this.#ports = ports;
  }

  /**
   * Delivers at once where nothing is to be loaded and nothing waits before it. False: it was not
   * taken, neither now nor for later.
   */
  pass(batch: Batch): boolean {
    if (this.#shut) return false;
    const { topic, partition } = batch;
    const key = `${topic}/${partition}`;
    const before = this.#queues.get(key);
    let loading: Promise<void> | undefined;
    try {
      loading = this.#ports.decoder.prepare(batch.records);
    } catch (error) {
      this.#fail(batch, error);
      return false;
    }
    if (before === undefined && loading === undefined) return this.#deliver(batch);
    if (before === undefined) this.#ports.pause(topic, partition);
    const loaded = this.#insist(loading, batch);
    const queue = this.#inTurn(before, loaded, batch).finally(() => {
      if (this.#queues.get(key) !== queue) return;
      this.#queues.delete(key);
      this.#ports.resume(topic, partition);
    });
    this.#queues.set(key, queue);
    return true;
  }

  /** True while batches of this partition wait. */
  holds(topic: string, partition: number): boolean {
    return this.#queues.has(`${topic}/${partition}`);
  }

  /** G1 */
  async #inTurn(
    before: Promise<void> | undefined,
    loaded: Promise<void>,
    batch: Batch,
  ): Promise<void> {
    await before;
    await loaded;
    if (!this.#shut && !batch.ended()) this.#deliver(batch);
  }

  #deliver(batch: Batch): boolean {
    try {
      batch.deliver();
      return true;
    } catch (error) {
      this.#fail(batch, error);
      return false;
    }
  }

  /** G4 */
  #fail({ topic, partition, records }: Batch, error: unknown): void {
    const from = `${topic}/${partition}/${records[0]?.offset ?? '?'}`;
    this.#halt(new Error(`intake: records from ${from} on were not taken: ${complaintOf(error)}`));
  }

  /** G3. Resolves when everything is loaded, or when that no longer matters. */
  async #insist(first: Promise<void> | undefined, batch: Batch): Promise<void> {
    const { decoder, log, everyMs = 1_000 } = this.#ports;
    let trying = first;
    for (let attempt = 1; !this.#shut; attempt += 1) {
      try {
        await trying;
        return;
      } catch (error) {
        if (!(error instanceof RegistryUnavailable)) {
          this.#halt(error);
          return;
        }
        // The first failures are everyday; then an operator should know.
        const level = attempt % 30 === 5 ? 'warn' : 'debug';
        log[level]({ cause: error.message, attempt }, 'records wait for schemas');
      }
      await sleep(everyMs);
      if (batch.ended()) return;
      trying = decoder.prepare(batch.records);
    }
  }

  #halt(error: unknown): void {
    this.#shut = true;
    this.#ports.halt(error instanceof Error ? error.message : String(error));
  }
}
