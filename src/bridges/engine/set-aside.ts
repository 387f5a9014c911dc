/**
 * Records that are set aside: dead letters, what waits for its workflow, and what waits behind
 * either. They are remembered at once, and settled when that is durable (H7).
 */
import { skippedOf } from '../../workflows/index.js';
import { publishDeadLetter } from '../holding/dead-letter-publishing.js';
import { laneOf, longestParkMs } from '../matching/command.js';
import type { EnginePorts, Outcome } from './engine-ports.js';
import { type HeldNote, heldKey, type HeldState, keyQueue } from '../holding/held.js';
import type { HeldRecords } from '../holding/held-records.js';
import { accountOf, type Aside, type Item, type Passage } from './item.js';
import { headOfLine, isRejectReason } from '../matching/rejection.js';

/** What setting aside needs of the engine. */
export interface Surroundings {
  /** False: its partition is another's by now. */
  readonly isCurrent: (passage: Passage) => boolean;
  readonly settle: (passage: Passage, outcome: Outcome | undefined) => void;
  /** The claim turned out not to be the newest. */
  readonly lost: () => void;
}

/** Why one record is set aside under one route. */
export interface SettingAside {
  readonly route: string;
  /** What comes later of the same workflow must wait. */
  readonly park: boolean;
  readonly aside: Omit<Aside, 'state'> & { readonly state: HeldState };
  /** Absent: nothing could read the record. */
  readonly item?: Item;
}

export class SetAside {
  readonly #ports: EnginePorts;
  readonly #held: HeldRecords;
  readonly #engine: Surroundings;
  #underWay = 0;

  constructor(ports: EnginePorts, held: HeldRecords, engine: Surroundings) {
    this.#ports = ports;
    this.#held = held;
    this.#engine = engine;
  }

  /** Nothing is on its way to where it is kept. */
  get idle(): boolean {
    return this.#underWay === 0;
  }

  /** `item` waits behind an earlier one of its workflow. Resolves as `put` does. */
  behind(passage: Passage, item: Item): Promise<void> {
    const detail = 'waits for an earlier one';
    const aside = { state: 'behind', reason: 'behind', detail, ...timeOf(item) } as const;
    return this.put(passage, { route: item.route, park: false, aside, item });
  }

  /** `item` holds up its partition: it is tried on out of its way. Resolves as `put` does. */
  headOfLine(passage: Passage, item: Item): Promise<void> {
    const detail = `tried ${String(item.attempts + 1)} times, while all else of its partition was done`;
    const aside = { state: 'redriving', reason: headOfLine, detail, ...timeOf(item) } as const;
    return this.put(passage, { route: item.route, park: true, aside, item });
  }

  /** Resolves when the record is durable where it was put, and settled. */
  async put(passage: Passage, how: SettingAside): Promise<void> {
    // E2: what is remembered of it would stand in the way of the record that comes again.
    if (!this.#engine.isCurrent(passage)) return;
    const { record } = passage;
    const note = this.#noteOf(passage, how);
    const { route, reason, detail, state, event } = note;
    this.#held.remember(note);
    this.#underWay += 1;
    const letter = { record, route, reason, detail, ...(how.item && accountOf(how.item)) };
    const published =
      state === 'dead' && isRejectReason(reason)
        ? publishDeadLetter(this.#ports, letter, () => this.#engine.isCurrent(passage))
        : Promise.resolve(true);
    const written = await this.#held.write({ ...note, record }, published);
    if (written === 'over') this.#engine.settle(passage, undefined);
    if (written === 'fenced' && this.#engine.isCurrent(passage)) this.#engine.lost();
    if (written === 'held') {
      const kind = state === 'dead' ? 'dead-lettered' : 'parked';
      const about = event === undefined ? {} : { workflowId: event.workflowId };
      this.#engine.settle(passage, { record, route, kind, reason, ...about });
    }
    this.#underWay -= 1;
  }

  #noteOf({ record }: Passage, { route, park, aside, item }: SettingAside): HeldNote {
    const { reason, detail, parkMs } = aside;
    const { memory } = this.#held;
    // Without a store nothing can wait.
    const state = aside.state === 'waiting' && !this.#held.exists ? 'dead' : aside.state;
    const command = item?.command;
    const lane = command && laneOf(command);
    const passed =
      command === undefined || lane === undefined || command.kind === 'run'
        ? {}
        : { event: { ...skippedOf(command.event), workflowId: lane } };
    return {
      ...heldKey(record, route),
      state,
      queue: lane === undefined ? keyQueue(record) : memory.queueFor(record, lane),
      blocks: park || state !== 'dead' || memory.isCrowded(lane ?? ''),
      reason,
      detail,
      ...passed,
      ...(parkMs === undefined ? {} : { deadlineMs: this.#ports.clock() + parkMs }),
    };
  }
}

/** If it comes to wait for its workflow, its time begins now, not when it is tried. */
function timeOf({ command }: Item): Pick<Aside, 'parkMs'> {
  const parkMs = longestParkMs(command);
  return parkMs === undefined ? {} : { parkMs };
}
