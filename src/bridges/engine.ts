/**
 * The engine: delivered records become decisions, decisions wait in lanes, lanes send requests,
 * answers settle records, settled records release offsets.
 *
 * All state lives in one place and changes only between awaits, so there is nothing to lock.
 *
 * E1 A record is settled when every route's decision on it is durable: a request accepted, an
 *    ignore decided, or a dead letter acknowledged by the broker.
 * E2 What was delivered under an older epoch changes nothing: its answers settle no offset of the
 *    current assignment. The inbox makes the repetition harmless.
 * E3 A request that several records share and Temporal refuses is split, so that one bad record
 *    hurts only itself.
 * E4 A reason that holds for every record halts the engine; nothing is released past it.
 */
import type { Command } from './command.js';
import { Lanes } from './lanes.js';
import { backoffMs, Limiter, type LimiterOptions } from './limiter.js';
import type { KafkaRecord } from './record.js';
import type { RejectReason } from './rejection.js';
import { type Request, requestOf, requestSize, type RequestLimits } from './request.js';
import type { Decision } from './route.js';
import type { Verdict } from './verdict.js';
import { PartitionWindow, type WindowLimits } from './window.js';

/** What became of one record under one route. */
export interface Outcome {
  readonly record: KafkaRecord;
  readonly route: string;
  readonly kind: 'started' | 'signalled' | 'ignored' | 'dead-lettered';
  readonly reason?: string;
  readonly workflowId?: string;
  readonly eventType?: string;
}

export interface DeadLetter {
  readonly record: KafkaRecord;
  readonly route: string;
  readonly reason: RejectReason;
  readonly detail: string;
}

/** All that the engine knows of the world. */
export interface Ports {
  decide(record: KafkaRecord): readonly Decision[];
  /** One attempt. Never throws for an answer of the server. */
  dispatch(request: Request): Promise<Verdict>;
  /** Resolves once the broker has acknowledged the dead letter. */
  bury(letter: DeadLetter): Promise<void>;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  sleep(ms: number): Promise<void>;
  random(): number;
  /** Milliseconds since some moment. */
  now(): number;
  decided(outcome: Outcome): void;
  /** A request is tried again; `attempt` counts from 1. */
  retrying(workflowId: string, cause: string, attempt: number): void;
  halt(cause: string): void;
}

export interface EngineLimits {
  readonly request: RequestLimits;
  readonly window: WindowLimits;
  readonly inFlight: LimiterOptions;
}

export const defaultLimits: EngineLimits = {
  request: { events: 200, bytes: 256 * 1024 },
  window: { records: 5_000, bytes: 16 * 1024 * 1024, span: 50_000 },
  inFlight: { floor: 4, start: 16, ceiling: 256 },
};

/** A record on its way: settled when no route has anything left to do for it. */
interface Passage {
  readonly window: PartitionWindow;
  readonly record: KafkaRecord;
  readonly offset: bigint;
  readonly bytes: number;
  open: number;
}

interface Item {
  readonly passage: Passage;
  readonly route: string;
  readonly command: Command;
  readonly bytes: number;
}

/** What can be committed. */
export interface Release {
  readonly window: PartitionWindow;
  /** The next offset to read after a restart. */
  readonly offset: bigint;
}

export class Engine {
  readonly #ports: Ports;
  readonly #limits: EngineLimits;
  readonly #lanes = new Lanes<Item>();
  readonly #limiter: Limiter;
  readonly #windows = new Map<string, PartitionWindow>();
  #epoch = 0;
  #inFlight = 0;
  #burying = 0;
  #stopped = false;

  constructor(ports: Ports, limits: EngineLimits = defaultLimits) {
    this.#ports = ports;
    this.#limits = limits;
    this.#limiter = new Limiter(limits.inFlight);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Nothing waits and nothing is in flight. */
  get idle(): boolean {
    return this.#lanes.queued === 0 && this.#inFlight === 0 && this.#burying === 0;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get windows(): Iterable<PartitionWindow> {
    return this.#windows.values();
  }

  /** A new assignment: everything of the older one is fenced, and what waits of it is forgotten. */
  assigned(): number {
    for (const window of this.#windows.values()) {
      if (window.paused) this.#ports.resume(window.topic, window.partition);
    }
    this.#epoch += 1;
    this.#windows.clear();
    this.#lanes.drop(({ passage }) => passage.window.epoch !== this.#epoch);
    return this.#epoch;
  }

  /** Takes no new work: what waits is forgotten, since it is released by nobody. */
  stop(): void {
    this.#stopped = true;
    this.#lanes.drop(() => true);
  }

  /**
   * Records of one partition in offset order. `next` is the offset after the batch, control records
   * included. Returns at once; a stale epoch is ignored.
   */
  deliver(
    at: { topic: string; partition: number; epoch: number; next: bigint },
    records: readonly KafkaRecord[],
  ): void {
    if (at.epoch !== this.#epoch || this.#stopped) return;
    const window = this.#window(at.topic, at.partition);
    for (const record of records) this.#accept(window, record);
    window.offsets.advance(at.next);
    if (!window.paused && window.isFull()) {
      window.paused = true;
      this.#ports.pause(window.topic, window.partition);
    }
    this.#pump();
  }

  /** Offsets of the current assignment that moved since they were last committed. */
  releases(): Release[] {
    return [...this.#windows.values()].flatMap((window) => {
      const offset = window.offsets.watermark();
      return offset === undefined || offset === window.committed ? [] : [{ window, offset }];
    });
  }

  #window(topic: string, partition: number): PartitionWindow {
    const key = `${topic}/${partition}`;
    const known = this.#windows.get(key);
    if (known !== undefined) return known;
    const window = new PartitionWindow(topic, partition, this.#epoch, this.#limits.window);
    this.#windows.set(key, window);
    return window;
  }

  #accept(window: PartitionWindow, record: KafkaRecord): void {
    const bytes = (record.value?.length ?? 0) + (record.key?.length ?? 0);
    const offset = BigInt(record.offset);
    if (!window.deliver(offset, bytes)) return;
    const decisions = this.#ports.decide(record);
    const passage: Passage = { window, record, offset, bytes, open: decisions.length };
    if (decisions.length === 0) this.#settle(passage, undefined);
    for (const decision of decisions) this.#act(passage, decision);
  }

  #act(passage: Passage, decision: Decision): void {
    const { record, bytes } = passage;
    const { route } = decision;
    switch (decision.kind) {
      case 'ignore':
        this.#settle(passage, { record, route, kind: 'ignored', reason: decision.reason });
        return;
      case 'reject':
        void this.#bury(passage, decision);
        return;
      case 'dispatch': {
        const { command } = decision;
        this.#lanes.push(command.workflowId, { passage, route, command, bytes });
      }
    }
  }

  #settle(passage: Passage, outcome: Outcome | undefined): void {
    if (outcome !== undefined) this.#ports.decided(outcome);
    passage.open -= 1;
    if (passage.open > 0) return;
    const { window } = passage;
    window.settle(passage.offset, passage.bytes);
    if (window.epoch !== this.#epoch || !window.paused || !window.isEasy()) return;
    window.paused = false;
    this.#ports.resume(window.topic, window.partition);
  }

  async #bury(
    passage: Passage,
    { route, reason, detail }: { route: string; reason: RejectReason; detail: string },
  ): Promise<void> {
    const { record } = passage;
    this.#burying += 1;
    for (let attempt = 0; passage.window.epoch === this.#epoch && !this.#stopped; attempt += 1) {
      try {
        await this.#ports.bury({ record, route, reason, detail });
        this.#settle(passage, { record, route, kind: 'dead-lettered', reason });
        break;
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        this.#ports.retrying(`dead letter of ${record.topic}`, cause, attempt + 1);
        await this.#ports.sleep(backoffMs(attempt, this.#ports.random()));
      }
    }
    this.#burying -= 1;
  }

  #pump(): void {
    while (!this.#stopped && this.#inFlight < this.#limiter.limit) {
      const batch = this.#lanes.take((items) => requestSize(items, this.#limits.request));
      if (batch === undefined) return;
      this.#inFlight += 1;
      void this.#run(batch.id, batch.items);
    }
  }

  async #run(id: string, items: readonly Item[]): Promise<void> {
    try {
      await this.#send(items);
    } catch (error) {
      // A defect of ours would hold for every record: stop before anything is released past it.
      this.#halt(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    this.#inFlight -= 1;
    this.#lanes.done(id);
    this.#pump();
  }

  /** Resolves with false when it was given up: then nothing after it may be sent in its stead. */
  async #send(items: readonly Item[]): Promise<boolean> {
    const [first, ...rest] = items;
    if (first === undefined) return true;
    const request = requestOf([first.command, ...rest.map(({ command }) => command)]);
    for (let attempt = 0; !this.#stopped; attempt += 1) {
      const sent = this.#ports.now();
      const verdict = await this.#ports.dispatch(request);
      if (verdict.kind === 'retry') {
        if (verdict.scope === 'all') this.#limiter.overloaded();
        this.#ports.retrying(request.workflowId, verdict.cause, attempt + 1);
        await this.#ports.sleep(backoffMs(attempt, this.#ports.random()));
        // Nobody waits for this any more: the new owner of the partition sends it again.
        if (items.every(({ passage }) => passage.window.epoch !== this.#epoch)) return false;
        continue;
      }
      this.#limiter.answered(request.kind, this.#ports.now() - sent, this.#inFlight);
      if (verdict.kind === 'reject' && items.length > 1) {
        for (const item of items) if (!(await this.#send([item]))) return false;
        return true;
      }
      for (const item of items) await this.#conclude(item, request, verdict);
      return true;
    }
    return false;
  }

  async #conclude(item: Item, request: Request, verdict: Exclude<Verdict, { kind: 'retry' }>) {
    const { passage, route, command } = item;
    const { record } = passage;
    const { workflowId } = command;
    const eventType = command.event.type;
    switch (verdict.kind) {
      case 'done': {
        const closed = verdict.how === 'already-started' && command.kind !== 'start';
        const about = { record, route, workflowId, eventType };
        if (closed) this.#settle(passage, { ...about, kind: 'ignored', reason: 'workflow-closed' });
        else if (verdict.how === 'already-started') {
          this.#settle(passage, { ...about, kind: 'ignored', reason: 'already-started' });
        } else {
          const kind = command.kind === 'start' ? 'started' : 'signalled';
          this.#settle(passage, { ...about, kind });
        }
        return;
      }
      case 'missing':
        if (command.kind === 'signal' && command.whenMissing === 'ignore') {
          const reason = 'workflow-missing';
          this.#settle(passage, { record, route, workflowId, eventType, kind: 'ignored', reason });
        } else {
          const detail = `no running workflow ${JSON.stringify(workflowId)} for ${request.kind}`;
          await this.#bury(passage, { route, reason: 'workflow-missing', detail });
        }
        return;
      case 'reject':
        await this.#bury(passage, { route, reason: verdict.reason, detail: verdict.detail });
        return;
      case 'halt':
        this.#halt(verdict.cause);
    }
  }

  #halt(cause: string): void {
    if (this.#stopped) return;
    this.stop();
    this.#ports.halt(cause);
  }
}
