/**
 * The engine: delivered records become decisions, decisions wait in lanes, lanes send requests,
 * answers settle records, settled records release offsets.
 *
 * All state lives in one place and changes only between awaits, so there is nothing to lock.
 *
 * E1 A record is settled when every route's decision on it is durable: a request accepted, an
 *    ignore decided, held in the store, or a dead letter acknowledged by the broker.
 * E2 What was delivered under an older epoch changes nothing: its answers settle no offset of the
 *    current assignment. The inbox makes the repetition harmless.
 * E3 A reason that holds for every record halts the engine; nothing is released past it.
 */
import { Admission } from './admission.js';
import { SetAside } from './set-aside.js';
import { laneOf } from '../matching/command.js';
import { Dispatcher } from './dispatcher.js';
import {
  type Assignment,
  defaultLimits,
  type Delivery,
  type EngineLimits,
  type EnginePorts,
  type Outcome,
  type Release,
} from './engine-ports.js';
import type { Disposition } from './disposition.js';
import { complaintOf } from '../formats/unreadable.js';
import { heldKey } from '../holding/held.js';
import { HeldRecords } from '../holding/held-records.js';
import type { Item, Passage } from './item.js';
import type { EngineState } from './observer.js';
import type { KafkaRecord } from '../matching/record.js';
import { Redrive } from '../holding/redrive.js';
import type { Decision } from '../matching/route.js';
import { relieve } from './relief.js';
import { waitsBehind } from './sender.js';
import type { PartitionWindow } from './window.js';
import { Windows } from './windows.js';

export class Engine {
  readonly #ports: EnginePorts;
  readonly #held: HeldRecords;
  readonly #setAside: SetAside;
  readonly #dispatcher: Dispatcher;
  readonly #redrive: Redrive;
  readonly #windows: Windows;
  readonly #admission: Admission;
  #epoch = 0;
  #stopped = false;

  constructor(world: EnginePorts, limits: EngineLimits = defaultLimits) {
    // E3, whoever of us finds it out.
    const halt = (cause: string): void => {
      if (this.#stopped) return;
      this.stop();
      world.halt(cause);
    };
    const ports = { ...world, halt };
    this.#ports = ports;
    this.#windows = new Windows(ports, limits.window);
    this.#admission = new Admission(ports, this.#windows, {
      epoch: () => this.#epoch,
      isStopped: () => this.#stopped,
      decided: (passage, decisions) => {
        if (decisions.length === 0) this.#settle(passage, undefined);
        for (const decision of decisions) this.#act(passage, decision);
      },
      taken: () => {
        this.#dispatcher.pump();
      },
    });
    this.#held = new HeldRecords(ports);
    this.#setAside = new SetAside(ports, this.#held, {
      isCurrent: (passage) => this.#isCurrent(passage),
      settle: (passage, outcome) => {
        this.#settle(passage, outcome);
      },
      lost: () => {
        this.#lose();
      },
    });
    this.#dispatcher = new Dispatcher(ports, limits, this.#held, {
      isWanted: (item) => this.#isWanted(item),
      conclude: (item, disposition) => this.#conclude(item, disposition),
      hold: (item) => {
        this.#holdBehind(item);
      },
      relieve: (items) => this.#relieve(items),
    });
    this.#redrive = new Redrive(ports, this.#held, {
      dispatcher: this.#dispatcher,
      isReached: (held) => this.#windows.isReached(held),
      lost: () => {
        this.#lose();
      },
    });
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Nothing waits and nothing is in flight. */
  get idle(): boolean {
    return this.#dispatcher.idle && this.#setAside.idle && !this.#admission.waits;
  }

  get inFlight(): number {
    return this.#dispatcher.inFlight;
  }

  get windows(): Iterable<PartitionWindow> {
    return this.#windows;
  }

  /**
   * A new assignment: everything of the older one is fenced, and what waits of it is forgotten.
   * Answers with the epoch that deliveries must carry.
   */
  assigned(partitions: readonly Assignment[]): number {
    this.revoke();
    this.#windows.open(partitions, this.#epoch);
    this.#ports.observer.assigned(partitions.length);
    if (this.#held.exists) {
      this.#admission.hold();
      void this.#claim(partitions, this.#epoch);
    }
    return this.#epoch;
  }

  /** The partitions are nobody's, or another's: nothing of ours may settle or overtake any more. */
  revoke(): void {
    this.#epoch += 1;
    this.#admission.forget();
    this.#windows.close();
    this.#held.forget();
    this.#dispatcher.drop((item) => !this.#isWanted(item));
  }

  /** Takes no new work: what waits is forgotten, since it is released by nobody. */
  stop(): void {
    this.#stopped = true;
    this.#held.stop();
    this.#admission.forget();
    this.#dispatcher.drop(() => true);
  }

  /**
   * Records of one partition in offset order. Returns at once, and never throws; a stale epoch, or a
   * partition that is not assigned, is ignored.
   */
  deliver(at: Delivery, records: readonly KafkaRecord[]): void {
    this.#admission.deliver(at, records);
  }

  /** Records that will be delivered once something is there that reading them needs. */
  wait(at: Delivery, records: readonly KafkaRecord[]): void {
    if (at.epoch === this.#epoch) this.#windows.at(at)?.wait(records, at.highWatermark);
  }

  /**
   * Tries what is due of the held records, and copies what waits. Call it every second or so. Never
   * rejects.
   */
  async tend(): Promise<void> {
    if (this.#stopped) return;
    try {
      this.#windows.keepWaiting();
      await this.#redrive.turn();
    } catch (error) {
      this.#ports.halt(`engine: held records could not be tried: ${complaintOf(error)}`);
    }
  }

  /** Where a partition ends, as the brokers say: it is not fetched from while it is paused. */
  learnEnd(topic: string, partition: number, end: bigint): void {
    this.#windows.at({ topic, partition })?.learnEnd(end);
  }

  /** Offsets of the current assignment that moved since they were last committed. */
  releases(): Release[] {
    return this.#windows.releases();
  }

  state(): EngineState {
    const { inFlight, limit, queued, lanes } = this.#dispatcher;
    const waitsForStore = this.#admission.waits;
    return { inFlight, limit, queued, lanes, waitsForStore, partitions: this.#windows.state() };
  }

  async #claim(partitions: readonly Assignment[], epoch: number): Promise<void> {
    const claimed = await this.#held.claim(partitions, () => epoch === this.#epoch);
    if (!claimed || this.#stopped || epoch !== this.#epoch) return;
    this.#admission.begin();
    for (const window of this.#windows) this.#windows.resumeIfEasy(window);
  }

  #act(passage: Passage, decision: Decision): void {
    const { record, bytes } = passage;
    const { route } = decision;
    // H4
    if (this.#held.memory.has(heldKey(record, route))) {
      this.#settle(passage, undefined);
      return;
    }
    switch (decision.kind) {
      case 'ignore':
        this.#settle(passage, { record, route, kind: 'ignored', reason: decision.reason });
        return;
      case 'reject': {
        const { reason, detail, park } = decision;
        const aside = { state: 'dead', reason, detail } as const;
        void this.#setAside.put(passage, { route, park: park && record.key !== null, aside });
        return;
      }
      case 'dispatch': {
        const { command, park } = decision;
        const item: Item = { of: passage, record, route, command, bytes, park, attempts: 0 };
        this.#dispatcher.push(item);
      }
    }
  }

  #settle(passage: Passage, outcome: Outcome | undefined): void {
    if (outcome !== undefined) this.#ports.observer.decided(outcome);
    passage.open -= 1;
    if (passage.open > 0) return;
    passage.window.leave(passage.offset);
    passage.window.settle(passage.offset, passage.bytes);
    this.#windows.resumeIfEasy(passage.window);
  }

  #isWanted({ of }: Item): boolean {
    if (this.#stopped) return false;
    return of.kind === 'passage' ? of.window.epoch === this.#epoch : of.token === this.#held.token;
  }

  async #conclude(item: Item, disposition: Disposition): Promise<void> {
    const { record, route, command, of } = item;
    if (disposition.kind === 'halt') this.#ports.halt(disposition.cause);
    if (disposition.kind === 'settled') {
      const { as: kind, reason } = disposition;
      const about = { record, route, kind, eventType: command.event.type };
      const where = command.kind === 'run' ? {} : { workflowId: command.workflowId };
      const outcome = { ...about, ...where, ...(reason === undefined ? {} : { reason }) };
      if (of.kind === 'redo') await this.#redrive.settled(of, outcome);
      else this.#settle(of, outcome);
      if (kind === 'started' || kind === 'signalled') this.#redrive.wake(laneOf(command));
    }
    if (disposition.kind === 'aside') {
      const { aside } = disposition;
      if (of.kind === 'redo') await this.#redrive.failed(of, { ...aside, blocks: item.park }, item);
      else await this.#setAside.put(of, { route, park: item.park, aside, item });
    }
  }

  #holdBehind(item: Item): void {
    const { of } = item;
    if (of.kind === 'redo') this.#redrive.left(of);
    else void this.#setAside.behind(of, item);
  }

  #relieve(items: readonly Item[]): ReadonlySet<Item> {
    if (this.#held.token === undefined) return new Set();
    const wanted = items.filter((item) => this.#isWanted(item));
    return relieve(wanted, {
      clock: () => this.#ports.clock(),
      waitsBehind: (item) => waitsBehind(item, this.#held),
      setAside: (passage, item) => void this.#setAside.headOfLine(passage, item),
      setBehind: (passage, item) => void this.#setAside.behind(passage, item),
      postpone: (redo) => {
        this.#redrive.left(redo, 'busy');
      },
    });
  }

  #isCurrent({ window }: Passage): boolean {
    return window.epoch === this.#epoch && !this.#stopped;
  }

  /** H8: whoever claimed the partitions goes on. */
  #lose(): void {
    this.revoke();
    if (!this.#stopped) this.#ports.lost();
  }
}
