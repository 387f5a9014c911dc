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
import { identityOf, type Skipped, skippedOf } from '../../workflows/index.js';
import { type HeldKey, type HeldNote, keyOf, keyQueue } from './held.js';
import { type HeldPlace, HeldPlaces, isBefore } from './held-place.js';
import type { KafkaRecord } from '../matching/record.js';
import { coversRoute } from '../matching/route.js';

/** A run's inbox keeps 256 holes per source; from this many on, a dead letter holds up its queue. */
const passedOverMax = 200;
/** From this many on it matters that some may have been discarded meanwhile. */
const passedOverMany = 150;

interface Remembered {
  note: HeldNote;
  readonly place: HeldPlace;
  /** The workflow knows that it is passed over. */
  announced: boolean;
  /** Since which look at the store it is there as it is here; `Infinity`: it is on its way. */
  durableSince: number;
}

export class Holds {
  readonly #byKey = new Map<string, Remembered>();
  /** By record: the routes under which it is held. */
  readonly #routes = new Map<string, Set<string>>();
  readonly #places = new HeldPlaces();
  /** By partition and queue. */
  readonly #queues = new Map<string, Set<Remembered>>();
  /** By workflow: what was or will be passed over. */
  readonly #passedOver = new Map<string, Set<Remembered>>();

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
    addTo(this.#queues, queueKey(note, note.queue), remembered);
    if (note.event !== undefined) addTo(this.#passedOver, note.event.workflowId, remembered);
  }

  remove(key: HeldKey): void {
    const remembered = this.#byKey.get(keyOf(key));
    if (remembered === undefined) return;
    const { note } = remembered;
    this.#byKey.delete(keyOf(key));
    removeFrom(this.#routes, recordKey(note), note.route);
    removeFrom(this.#queues, queueKey(note, note.queue), remembered);
    if (note.event !== undefined) removeFrom(this.#passedOver, note.event.workflowId, remembered);
  }

  /** A held record changed its state. */
  change(key: HeldKey, to: Pick<HeldNote, 'state'> & Partial<Pick<HeldNote, 'blocks'>>): void {
    const remembered = this.#byKey.get(keyOf(key));
    if (remembered === undefined) return;
    const { state, blocks = remembered.note.blocks } = to;
    remembered.note = { ...remembered.note, state, blocks };
    remembered.durableSince = Infinity;
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
    if (remembered !== undefined) remembered.announced = true;
  }

  /** H4 */
  has(key: HeldKey): boolean {
    const routes = this.#routes.get(recordKey(key));
    return routes !== undefined && [...routes].some((route) => coversRoute(route, key.route));
  }

  /** H5: true when an event of `record` must wait in `queue`; `starts`: its command may start it. */
  blocks(record: KafkaRecord, queue: string, starts: boolean): boolean {
    const before = this.#before(record, queue);
    const [first, ...rest] = before;
    if (first === undefined) return false;
    // What waits behind a head that waits for this start waits for it too.
    const head = rest.reduce((a, b) => (isBefore(b.place, a.place) ? b : a), first);
    return !starts || !waitsForStart(head.note);
  }

  /** The queue in which `record`, bound for `lane`, waits: its key's while that one blocks. */
  queueFor(record: KafkaRecord, lane: string): string {
    const ofKey = keyQueue(record);
    return this.blocks(record, ofKey, false) ? ofKey : lane;
  }

  /** True when something before `note`, in its queue or bound for its `lane`, is not on its way. */
  mustWait(note: HeldNote, lane: string, isAhead: (key: HeldKey) => boolean): boolean {
    if (!isOrdered(note)) return false;
    return [...new Set([lane, note.queue])]
      .flatMap((queue) => this.#before(note, queue))
      .some(({ note: other }) => !isAhead(other));
  }

  /** True when a workflow has been passed over as often as its inbox can remember. */
  isCrowded(workflowId: string): boolean {
    return this.#holes(workflowId) >= passedOverMax;
  }

  /** True when so many are passed over with `note` that it should be seen which are still held. */
  isFilling(note: HeldNote): boolean {
    return needsHole(note) && this.#holes(note.event.workflowId) >= passedOverMany;
  }

  #holes(workflowId: string): number {
    const all = [...(this.#passedOver.get(workflowId) ?? [])];
    return all.filter(({ announced, note }) => announced || needsHole(note)).length;
  }

  /** H6: true when `record`, whose command starts `workflowId`, passes more than can be told of. */
  isPassingMany(record: KafkaRecord, workflowId: string): boolean {
    if (!this.#isOverfull(workflowId)) return false;
    return this.#before(record, workflowId).length > 0;
  }

  /** What keeps its place in `queue` before `one`. */
  #before(one: KafkaRecord | HeldNote, queue: string): Remembered[] {
    const place = this.#places.of(one);
    const all = [...(this.#queues.get(queueKey(one, queue)) ?? [])];
    return all.filter((other) => isOrdered(other.note) && isBefore(other.place, place));
  }

  #isOverfull(workflowId: string): boolean {
    return (this.#passedOver.get(workflowId)?.size ?? 0) > passedOverMax;
  }

  /** True when the fact of `event` is held for `workflowId`, wherever it was published. */
  isPassedOver(workflowId: string, event: Skipped): boolean {
    const all = [...(this.#passedOver.get(workflowId) ?? [])];
    const identity = identityOf(event);
    return all.some(({ note }) => note.event !== undefined && identityOf(note.event) === identity);
  }

  /** H6: what `workflowId` has not been told yet; `starts`: by a command that may start it. */
  toAnnounce(workflowId: string, starts: boolean): Skipped[] {
    const all = [...(this.#passedOver.get(workflowId) ?? [])];
    const isTold = starts && !this.#isOverfull(workflowId);
    return all.flatMap(({ announced, note }) => {
      const { event } = note;
      if (announced || event === undefined || !(isTold || needsHole(note))) return [];
      return [skippedOf(event)];
    });
  }

  /** The workflow was told of `skipped`. */
  announced(workflowId: string, skipped: readonly Skipped[]): void {
    // The same id may be held at several places.
    const told = new Set(skipped.map(placeKey));
    for (const remembered of this.#passedOver.get(workflowId) ?? []) {
      const { event } = remembered.note;
      if (event !== undefined && told.has(placeKey(event))) remembered.announced = true;
    }
  }

  /** What waits for `workflowId` to run. */
  waitingFor(workflowId: string): HeldNote[] {
    const all = [...(this.#passedOver.get(workflowId) ?? [])];
    return all.flatMap(({ note }) => (note.state === 'waiting' ? [note] : []));
  }
}

/** What keeps its place in its queue: all but a dead letter that is skipped. */
function isOrdered({ state, blocks }: HeldNote): boolean {
  return blocks || state === 'behind' || state === 'waiting';
}

/** H6: its workflow's inbox has to remember that it is passed over, whatever passes it. */
function needsHole(note: HeldNote): note is HeldNote & Required<Pick<HeldNote, 'event'>> {
  const { event, queue } = note;
  return event !== undefined && !(isOrdered(note) && queue === event.workflowId);
}

/** It waits, or waited in vain, for its workflow to be started. */
function waitsForStart({ state, reason }: HeldNote): boolean {
  return state === 'waiting' || (state === 'dead' && reason === 'workflow-missing');
}

function queueKey({ topic, partition }: { topic: string; partition: number }, queue: string) {
  return `${topic}/${String(partition)} ${queue}`;
}

function placeKey({ id, position }: Skipped): string {
  return `${position.source} ${position.at} ${id}`;
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
