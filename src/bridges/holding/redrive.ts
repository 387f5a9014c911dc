/**
 * Held records that are tried again: on an operator's word, when what they waited for may be there,
 * or when what was before them is out of the way. They take the same way as any other: decided
 * anew, in the lane of their workflow, past its inbox.
 *
 * R1 A held record is over when all of its decisions are; if one is set aside again, all of it
 *    stays held, and the inbox recognises what had gone through.
 * R2 A record whose deadline has passed becomes a dead letter, once it can be decided on.
 * R3 What the inbox would drop without anyone knowing whether it was applied is not sent: it stays a
 *    dead letter that says so.
 */
import type { Event } from '../../workflows/index.js';
import { publishDeadLetter } from './dead-letter-publishing.js';
import { type Command, laneOf, longestParkMs } from '../matching/command.js';
import { decisionsOn } from '../engine/decisions.js';
import type { Dispatcher } from '../engine/dispatcher.js';
import { InboxCheck } from '../engine/inbox-check.js';
import type { EnginePorts, Outcome } from '../engine/engine-ports.js';
import type { Held, HeldKey, HeldNote } from './held.js';
import type { HeldRecords } from './held-records.js';
import { accountOf, type Aside, type Item, type Redo } from '../engine/item.js';
import { headOfLine, isRejectReason } from '../matching/rejection.js';
import { coversRoute, type Decision } from '../matching/route.js';

/** How long a record that waits for a workflow rests between two looks, ms. */
const restMs = 5_000;
/** The last part of its time, which begins with an alarm. */
const alarming = 1 / 4;

/** What redriving needs of the engine. */
export interface Surroundings {
  readonly dispatcher: Pick<Dispatcher, 'push' | 'pump'>;
  /** True when what was before the record has been delivered. */
  readonly isReached: (key: HeldKey) => boolean;
  /** The claim turned out not to be the newest. */
  readonly lost: () => void;
}

export class Redrive {
  readonly #ports: EnginePorts;
  readonly #held: HeldRecords;
  readonly #engine: Surroundings;
  readonly #inboxCheck: InboxCheck;

  constructor(ports: EnginePorts, held: HeldRecords, engine: Surroundings) {
    this.#ports = ports;
    this.#held = held;
    this.#engine = engine;
    this.#inboxCheck = new InboxCheck(ports);
  }

  /** Tries everything that is due. */
  async turn(): Promise<void> {
    const { token } = this.#held;
    if (token === undefined) return;
    const due = await this.#held.due();
    if (due === 'fenced') {
      // Nothing is revoked: what is under way may be of a partition, or a topic, that nobody else reads.
      this.#ports.lost();
      return;
    }
    const records = due.map(({ record }) => record);
    const prepared = this.#ports.prepare?.(records);
    const checkInbox = this.#inboxCheck.turn();
    for (const [index, held] of due.entries()) {
      if (token !== this.#held.token) return;
      if (!this.#engine.isReached(held)) {
        this.#held.postpone(held);
        continue;
      }
      const isOver =
        held.state === 'waiting' && (held.deadlineMs ?? Infinity) <= this.#ports.clock();
      const checked = isOver ? 'clear' : checkInbox(held);
      if (checked === 'lost') void this.#refuse(held, token);
      else if (prepared?.[index] === false || checked === 'asking') this.#held.postpone(held);
      else if (isOver) void this.#expire(held, token);
      else this.#try(held, token);
    }
    this.#engine.dispatcher.pump();
  }

  /** A run of `workflowId` is there: what waits for it need not wait for its next look. */
  wake(workflowId: string): void {
    const { token, memory } = this.#held;
    if (token === undefined) return;
    const nextTryMs = this.#ports.clock();
    for (const note of memory.waitingFor(workflowId)) {
      const { reason, detail } = note;
      void this.#held.again(token, note, { state: 'waiting', reason, detail, nextTryMs });
    }
  }

  /** A decision of `redo` went through. */
  async settled(redo: Redo, outcome: Outcome): Promise<void> {
    this.#ports.observer.decided(outcome);
    await this.#close(redo);
  }

  /** A decision of `redo` was set aside again. */
  async failed(redo: Redo, aside: Aside, item?: Item): Promise<void> {
    redo.stays = aside;
    if (item !== undefined) redo.tried = item;
    await this.#close(redo);
  }

  /** A decision of `redo` has to wait, for its turn or its workflow: the record stays as it is. */
  left(redo: Redo, why: 'behind' | 'busy' = 'behind'): void {
    redo.left ??= why;
    void this.#close(redo);
  }

  #try(held: Held, token: string): void {
    const { record, route } = held;
    const decisions = decisionsOn(this.#ports, record)?.filter((decision) =>
      coversRoute(route, decision.route),
    );
    if (decisions === undefined) return;
    const redo: Redo = { kind: 'redo', held, token, open: decisions.length + 1 };
    for (const decision of decisions) this.#act(redo, decision);
    // The one that was added for this moment: also a record without decisions comes to its end.
    void this.#close(redo);
  }

  #act(redo: Redo, decision: Decision): void {
    const { record } = redo.held;
    switch (decision.kind) {
      case 'ignore':
        void this.#close(redo);
        return;
      case 'reject': {
        const { reason, detail, park: blocks } = decision;
        void this.failed(redo, { state: 'dead', reason, detail, blocks });
        return;
      }
      case 'dispatch': {
        const { route, park } = decision;
        const command = lateCommand(decision.command, redo.held);
        this.#warn(redo.held, command);
        const bytes = (record.value?.length ?? 0) + (record.key?.length ?? 0);
        const item: Item = { of: redo, record, route, command, bytes, park, attempts: 0 };
        this.#engine.dispatcher.push(item);
      }
    }
  }

  async #close(redo: Redo): Promise<void> {
    redo.open -= 1;
    if (redo.open > 0) return;
    const { held, token, stays, tried } = redo;
    if (redo.left === 'behind') this.#held.leave(held);
    if (redo.left === 'busy') this.#held.postpone(held);
    if (redo.left !== undefined) return;
    if (stays === undefined) {
      const how = held.state === 'redriving' ? 'redriven' : 'delivered';
      this.#answered(token, await this.#held.end(token, held, how));
      return;
    }
    const { state, reason, detail } = stays;
    // Whoever waited keeps the deadline that was set at first.
    const waits = state === 'waiting' && (held.deadlineMs ?? 0) > this.#ports.clock();
    const to = { state: waits ? 'waiting' : 'dead', reason, detail } as const;
    const nextTryMs = nextLookMs(held, stays, this.#ports.clock());
    if (!waits) await this.#publishDeadLetter(held, token, stays, tried ?? 'unsent');
    const blocks = stays.blocks === undefined ? undefined : stays.blocks || this.#isCrowded(held);
    const again = { ...to, ...(waits ? { nextTryMs } : blocks === undefined ? {} : { blocks }) };
    this.#answered(token, await this.#held.again(token, held, again));
  }

  /** R2 */
  async #expire(held: Held, token: string): Promise<void> {
    const detail = `${held.detail}: not within the time it was parked for`;
    const decisions = decisionsOn(this.#ports, held.record);
    if (decisions === undefined) return;
    const parks = decisions.some(
      (one) => one.kind !== 'ignore' && one.park && coversRoute(held.route, one.route),
    );
    const blocks = parks || this.#isCrowded(held);
    const aside = { state: 'dead', reason: held.reason, detail, blocks } as const;
    await this.#publishDeadLetter(held, token, aside);
    this.#answered(token, await this.#held.again(token, held, aside));
  }

  /** What is passed over from now on needs a place in its workflow's inbox. */
  #isCrowded({ state, event }: HeldNote): boolean {
    const isNew = state === 'waiting' || state === 'behind';
    return isNew && event !== undefined && this.#held.memory.isCrowded(event.workflowId);
  }

  /** R3 */
  async #refuse(held: Held, token: string): Promise<void> {
    const id = JSON.stringify(held.event?.workflowId);
    const detail = `the inbox of ${id} may have forgotten that this was passed over`;
    const aside = { state: 'dead', reason: 'inbox-forgot', detail } as const;
    await this.#publishDeadLetter(held, token, aside);
    this.#answered(token, await this.#held.again(token, held, aside));
  }

  #answered(token: string, how: 'held' | 'fenced'): void {
    if (how === 'fenced' && token === this.#held.token) this.#engine.lost();
  }

  /**
   * It lies in the topic already, with the reason of its first death, if an operator asked for it.
   * What was held for holding up others has not died before.
   */
  async #publishDeadLetter(held: Held, token: string, aside: Aside, tried?: Tried): Promise<void> {
    const { record, route, state } = held;
    const { reason, detail } = aside;
    const isThere = state === 'redriving' && held.reason !== headOfLine;
    if (isThere || !isRejectReason(reason)) return;
    const letter = { record, route, reason, detail, ...accountOfHeld(held, tried) };
    await publishDeadLetter(this.#ports, letter, () => token === this.#held.token);
  }

  #warn({ deadlineMs, state }: HeldNote, command: Command): void {
    const parkMs = longestParkMs(command);
    if (state !== 'waiting' || deadlineMs === undefined || parkMs === undefined) return;
    const left = deadlineMs - this.#ports.clock();
    if (left <= parkMs * alarming) this.#ports.observer.expiring(laneOf(command), deadlineMs);
  }
}

/** What was tried just now: it was refused before it could be sent, or it was sent. */
type Tried = 'unsent' | Item;

/** What a letter tells of a held record: how it fared since it was set aside, and just now. */
function accountOfHeld({ queue: lane, event, failed }: Held, tried: Tried | undefined) {
  const now: Partial<ReturnType<typeof accountOf>> =
    tried === undefined ? {} : tried === 'unsent' ? { attempts: 1 } : accountOf(tried);
  const workflowId = event?.workflowId ?? now.workflowId;
  const firstFailedMs = failed?.firstMs ?? now.firstFailedMs;
  return {
    ...{ lane, attempts: (failed?.times ?? 0) + (now.attempts ?? 0) },
    ...(workflowId === undefined ? {} : { workflowId }),
    ...(firstFailedMs === undefined ? {} : { firstFailedMs }),
  };
}

/** The moment of the alarm is not slept through, however short the time. */
function nextLookMs({ deadlineMs = 0 }: HeldNote, { parkMs = 0 }: Aside, nowMs: number): number {
  const alarmMs = Math.ceil(deadlineMs - parkMs * alarming);
  return alarmMs > nowMs ? Math.min(nowMs + restMs, alarmMs) : nowMs + restMs;
}

/** The inbox must know that the event is late, and whether anyone can have applied it. */
function lateCommand(command: Command, held: HeldNote): Command {
  const late: Event['late'] = held.event === undefined ? 'undecided' : 'held';
  return { ...command, event: { ...command.event, late } };
}
