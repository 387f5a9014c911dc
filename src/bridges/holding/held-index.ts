/**
 * What the engine remembers of held records of its partitions. Pure.
 *
 * H4 A record that is held under a route is decided under that route: it is not decided again when
 *    it is delivered again.
 * H5 While something of a queue waits or blocks, what comes later for the queue waits behind it;
 *    only a command that starts the workflow passes what waits for that workflow.
 * H6 A workflow is told of every event that is passed over, once, with what passes it: what keeps its
 *    place in the workflow's own queue only with a start, since nothing else passes it (H5). Where
 *    more wait for a start than an inbox can remember, they are not told of, and it is the start that
 *    comes out of order.
 */
import type { Skipped } from '../../workflows/index.js';
import { type HeldKey, type HeldNote, keyOf, keyQueue } from './held.js';
import { HeldPlaces, isBefore } from './held-place.js';
import { HeldQueue, isOrdered } from './held-queue.js';
import type { KafkaRecord } from '../matching/record.js';
import { coversRoute } from '../matching/route.js';
import { needsHole, PassedOver, type Remembered } from './passed-over.js';

/** A run's inbox keeps 256 holes per source; from this many on, a dead letter holds up its queue. */
const passedOverMax = 200;
/** From this many on it matters that some may have been discarded meanwhile. */
const passedOverMany = 150;

export class HeldIndex {
  readonly #byKey = new Map<string, Remembered>();
  /** By record: the routes under which it is held. */
  readonly #routes = new Map<string, Set<string>>();
  readonly #places = new HeldPlaces();
  /** By partition and queue. */
  readonly #queues = new Map<string, HeldQueue<Remembered>>();
  /** By workflow. */
  readonly #passedOver = new Map<string, PassedOver>();

  /** Forgets all, and begins anew with `notes`. */
  reset(notes: readonly HeldNote[]): void {
    this.#byKey.clear();
    this.#routes.clear();
    this.#places.clear();
    this.#queues.clear();
    this.#passedOver.clear();
    for (const note of notes) this.add(note, 0);
  }

  /** `durableSince` as for `durable`; absent: it is not in the store yet. */
  add(note: HeldNote, durableSince = Infinity): void {
    const key = keyOf(note);
    if (this.#byKey.has(key)) return;
    const place = this.#places.enter(note);
    const remembered: Remembered = { note, place, announced: false, durableSince };
    this.#byKey.set(key, remembered);
    addTo(this.#routes, recordKey(note), note.route);
    if (isOrdered(note)) this.#enqueue(remembered);
    this.#overOf(note)?.put(remembered);
  }

  remove(key: HeldKey): void {
    const remembered = this.#byKey.get(keyOf(key));
    if (remembered === undefined) return;
    const { note } = remembered;
    this.#byKey.delete(keyOf(key));
    removeFrom(this.#routes, recordKey(note), note.route);
    if (isOrdered(note)) this.#dequeue(remembered);
    const { workflowId = '' } = note.event ?? {};
    const over = this.#passedOver.get(workflowId);
    over?.remove(remembered);
    if (over?.size === 0) this.#passedOver.delete(workflowId);
  }

  /** A held record changed its state; what `to` does not say stays as it was. */
  change(key: HeldKey, to: Pick<HeldNote, 'state'> & Partial<HeldNote>): void {
    const remembered = this.#byKey.get(keyOf(key));
    if (remembered === undefined) return;
    const { note } = remembered;
    const { state, blocks = note.blocks, reason = note.reason, detail = note.detail } = to;
    const changed = { ...note, state, blocks, reason, detail };
    if (isOrdered(note) && !isOrdered(changed)) this.#dequeue(remembered);
    remembered.note = changed;
    remembered.durableSince = Infinity;
    if (!isOrdered(note) && isOrdered(changed)) this.#enqueue(remembered);
    this.#overOf(changed)?.put(remembered);
  }

  /** The store's look number `look` found it so: an operator may have changed it. */
  refresh(note: HeldNote, look: number): void {
    this.add(note);
    this.change(note, note);
    this.durable(note, look);
  }

  /** The store has it since its look number `look`. */
  durable(key: HeldKey, look: number): void {
    const remembered = this.#byKey.get(keyOf(key));
    if (remembered !== undefined) remembered.durableSince = look;
  }

  /** The store's look number `look` found only `open`: an operator discarded the rest. */
  reconcile(open: ReadonlySet<string>, look: number): void {
    for (const [key, { note, durableSince }] of this.#byKey) {
      if (durableSince < look && !open.has(key)) this.remove(note);
    }
  }

  /** It went through, or nothing was to be done: there is nothing of it to be announced. */
  concluded(key: HeldKey): void {
    const remembered = this.#byKey.get(keyOf(key));
    if (remembered === undefined) return;
    remembered.announced = true;
    this.#overOf(remembered.note)?.put(remembered);
  }

  /** H4 */
  has(key: HeldKey): boolean {
    const routes = this.#routes.get(recordKey(key));
    return routes !== undefined && [...routes].some((route) => coversRoute(route, key.route));
  }

  /** H5: true when an event of `record` must wait in `queue`; `starts`: its command may start it. */
  blocks(record: KafkaRecord, queue: string, starts: boolean): boolean {
    const first = this.#firstBefore(record, queue);
    if (first === undefined) return false;
    // What waits behind a head that waits for this start waits for it too.
    return !starts || !waitsForStart(first.note);
  }

  /** The queue in which `record`, bound for `lane`, waits: its key's while that one blocks. */
  queueFor(record: KafkaRecord, lane: string): string {
    const ofKey = keyQueue(record);
    return this.blocks(record, ofKey, false) ? ofKey : lane;
  }

  /** True when something before `note`, in its queue or bound for its `lane`, is not on its way. */
  mustWait(note: HeldNote, lane: string, isAhead: (key: HeldKey) => boolean): boolean {
    if (!isOrdered(note)) return false;
    const place = this.#places.of(note);
    for (const queue of new Set([lane, note.queue])) {
      const before = this.#queues.get(queueKey(note, queue))?.before(place) ?? [];
      for (const { note: other } of before) if (!isAhead(other)) return true;
    }
    return false;
  }

  /** True when a workflow has been passed over as often as its inbox can remember. */
  isCrowded(workflowId: string): boolean {
    return this.#holes(workflowId) >= passedOverMax;
  }

  /** True when so many are passed over with `note` that it should be seen which are still held. */
  isFilling(note: HeldNote): boolean {
    const { event } = note;
    if (event === undefined || !needsHole(note)) return false;
    return this.#holes(event.workflowId) >= passedOverMany;
  }

  #holes(workflowId: string): number {
    return this.#passedOver.get(workflowId)?.holes ?? 0;
  }

  /** H6: true when `record`, whose command starts `workflowId`, passes more than can be told of. */
  isPassingMany(record: KafkaRecord, workflowId: string): boolean {
    return this.#isOverfull(workflowId) && this.#firstBefore(record, workflowId) !== undefined;
  }

  /** The first of those that keep their place in `queue`, if it is before `record`. */
  #firstBefore(record: KafkaRecord, queue: string): Remembered | undefined {
    const first = this.#queues.get(queueKey(record, queue))?.first;
    if (first === undefined) return undefined;
    return isBefore(first.place, this.#places.of(record)) ? first : undefined;
  }

  #isOverfull(workflowId: string): boolean {
    return (this.#passedOver.get(workflowId)?.size ?? 0) > passedOverMax;
  }

  /** True when the fact of `event` is held for `workflowId`, wherever it was published. */
  isPassedOver(workflowId: string, event: Skipped): boolean {
    return this.#passedOver.get(workflowId)?.has(event) ?? false;
  }

  /** H6: what `workflowId` has not been told yet; `starts`: by a command that may start it. */
  toAnnounce(workflowId: string, starts: boolean): Skipped[] {
    const all = starts && !this.#isOverfull(workflowId);
    return this.#passedOver.get(workflowId)?.untold(all) ?? [];
  }

  /** The workflow was told of `skipped`. */
  announced(workflowId: string, skipped: readonly Skipped[]): void {
    this.#passedOver.get(workflowId)?.told(skipped);
  }

  /** What waits for `workflowId` to run. */
  waitingFor(workflowId: string): HeldNote[] {
    return this.#passedOver.get(workflowId)?.waiting ?? [];
  }

  #enqueue(one: Remembered): void {
    const key = queueKey(one.note, one.note.queue);
    const queue = this.#queues.get(key) ?? new HeldQueue<Remembered>();
    this.#queues.set(key, queue);
    queue.add(one);
  }

  #dequeue(one: Remembered): void {
    const key = queueKey(one.note, one.note.queue);
    const queue = this.#queues.get(key);
    queue?.remove(one);
    if (queue?.first === undefined) this.#queues.delete(key);
  }

  #overOf({ event }: HeldNote): PassedOver | undefined {
    if (event === undefined) return undefined;
    const over = this.#passedOver.get(event.workflowId) ?? new PassedOver();
    this.#passedOver.set(event.workflowId, over);
    return over;
  }
}

/** It waits, or waited in vain, for its workflow to be started. */
function waitsForStart({ state, reason }: HeldNote): boolean {
  return state === 'waiting' || (state === 'dead' && reason === 'workflow-missing');
}

function queueKey({ topic, partition }: { topic: string; partition: number }, queue: string) {
  return `${topic}/${String(partition)} ${queue}`;
}

function recordKey(key: HeldKey): string {
  return keyOf({ ...key, route: '' });
}

function addTo<T>(sets: Map<string, Set<T>>, key: string, one: T): void {
  const set = sets.get(key) ?? new Set<T>();
  sets.set(key, set.add(one));
}

function removeFrom<T>(sets: Map<string, Set<T>>, key: string, one: T): void {
  const set = sets.get(key);
  set?.delete(one);
  if (set?.size === 0) sets.delete(key);
}
