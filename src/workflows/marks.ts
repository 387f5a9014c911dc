/**
 * Marks: what a workflow has accepted of each source, in constant size per source. Pure.
 *
 * It decides as if it remembered every id, provided that a bridge sends a workflow's events in the
 * order of their source, the next only after the one before was answered, and announces what it
 * passes over before it sends what comes after.
 *
 * I1 An event that comes in order is accepted at most once: beyond the mark of its source, or on
 *    the mark with an id not yet seen there (one log position can carry several row changes).
 * I2 What was passed over is a hole: the mark may move past it, and it is accepted once, later.
 *    An event that was applied can never become a hole.
 * I3 Only an event that comes in order moves the mark. One accepted out of order beyond it is
 *    remembered by its id until the mark is past it, so what lies between is not lost.
 * I4 A late event that nobody could read before is accepted once, wherever the mark is.
 * I5 The size is bounded per source; what has to be forgotten of it is counted, never silently so.
 *
 * What producers gave an id of their own may be published at several places. Each place is decided
 * as above; the fact is accepted at the first of them only (I9 in `recent-ids.ts`), and one hole is
 * enough for all places of one source.
 */
import { type Event, identityOf, type Skipped } from './event.js';
import { RecentIds } from './recent-ids.js';
import {
  holeOf,
  isSeen,
  keyOf,
  lowest,
  moveTo,
  newSource,
  type Place,
  placesOf,
  type Source,
} from './source.js';

/** Holes per source. A bridge holds back before it needs more. */
const holesMax = 256;
/** Events accepted out of order beyond the mark, per source. */
const aheadMax = 256;
/** Late events of all sources that nobody could read before. */
const lateMax = 1_000;
/**
 * Ids on one position. Where positions come from the database's log, one position carries the rows
 * of one page at most (a COPY; 291 rows on a page of 8 KiB, 1,171 on one of 32), and anywhere else
 * one event. The rows of a snapshot share one position without limit; a repetition of them goes
 * back no further than the bridge's window.
 */
const idsMax = 4_000;

/** How far one source has been accepted: the highest position, and the ids seen exactly there. */
export interface Mark {
  readonly at: string;
  readonly ids: readonly string[];
  /** Accepted beyond the mark, out of order. */
  readonly ahead?: readonly Place[];
}

/** Plain JSON; keys are sources. */
export interface MarksState {
  readonly marks: Readonly<Record<string, Mark>>;
  /** Passed over so far, oldest first. */
  readonly holes: Readonly<Record<string, readonly Place[]>>;
  /** Identities of accepted events that nobody could read before, oldest first. */
  readonly late: readonly string[];
  /** Identities that producers gave, of the newest accepted events, oldest first. */
  readonly recent?: readonly string[];
  /** By source: up to where holes were given up, or the mark had to move; absent: nowhere. */
  readonly lost?: Readonly<Record<string, string>>;
}

/** Marks of every source of one workflow. */
export class Marks {
  readonly #sources = new Map<string, Source>();
  readonly #late: Set<string>;
  readonly #recent: RecentIds;
  #forgotten = 0;

  constructor(state: MarksState = { marks: {}, holes: {}, late: [] }) {
    const { marks, holes, late, recent, lost = {} } = state;
    this.#late = new Set(late);
    this.#recent = new RecentIds(recent);
    for (const [source, { at, ids, ahead = [] }] of Object.entries(marks)) {
      const known = this.#of(source);
      known.at = at;
      for (const id of ids) known.ids.add(id);
      for (const place of ahead) known.ahead.set(keyOf(place), place);
    }
    for (const [source, places] of Object.entries(holes)) {
      const known = this.#of(source);
      for (const { id, at } of places) known.holes.set(id, at);
    }
    for (const [source, at] of Object.entries(lost)) this.#of(source).lost = at;
  }

  /**
   * How often a bound was met and the oldest entry was given up, or an event dropped of which it is
   * not known any more whether it was applied: 0 where all keep their promises.
   */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** True when `event` would be accepted; changes nothing. */
  accepts(event: Event): boolean {
    return this.#isNewPlace(event) && !this.#recent.has(identityOf(event));
  }

  /**
   * True when `event` would be dropped although it may never have been applied: so many were passed
   * over that its hole may have been given up, or so many came early that the mark had to move.
   */
  mayHaveLost(event: Skipped): boolean {
    const known = this.#sources.get(event.position.source);
    if (known === undefined || event.position.at > known.lost) return false;
    if (event.position.at >= known.at || isSeen(known, event)) return false;
    return holeOf(known, event) === undefined && !this.#recent.has(identityOf(event));
  }

  /** Accepts `event`, or answers false: it is a repetition. */
  accept(event: Event): boolean {
    if (!this.#isNewPlace(event)) {
      if (this.mayHaveLost(event)) this.#forgotten += 1;
      return false;
    }
    const { late, position } = event;
    const identity = identityOf(event);
    const known = this.#of(position.source);
    const hole = holeOf(known, event);
    if (hole !== undefined) known.holes.delete(hole);
    if (late === undefined) this.#pass(event);
    else this.#note(event);
    if (late === 'undecided') this.#late.add(identity);
    this.#forgotten += trim(this.#late, lateMax);
    return event.ownId !== true || this.#isNewFact(identity);
  }

  /** Takes note that `skipped` is passed over: a hole, unless it was applied, or is over. */
  skip(skipped: Skipped): void {
    const { position } = skipped;
    const identity = identityOf(skipped);
    const known = this.#of(position.source);
    // Where another place of the fact is held still, the hole is that one's.
    const isFirst = known.holes.get(identity) === position.at;
    if (skipped.over === true && isFirst) known.holes.delete(identity);
    if (skipped.over === true || position.at < known.at || isSeen(known, skipped)) return;
    if (this.#recent.has(identity)) return;
    const first = known.holes.get(identity) ?? position.at;
    known.holes.set(identity, first < position.at ? first : position.at);
    // The newest are the likeliest to be asked for. Nothing acts twice: one that was forgotten is
    // dropped as a repetition, which is why a bridge asks first (`mayHaveLost`).
    const [oldest = ''] = known.holes.values();
    const forgotten = trim(known.holes, holesMax);
    if (forgotten > 0 && oldest > known.lost) known.lost = oldest;
    this.#forgotten += forgotten;
  }

  /** For the next run. */
  state(): MarksState {
    const marks: Record<string, Mark> = {};
    const holes: Record<string, readonly Place[]> = {};
    const lost: Record<string, string> = {};
    for (const [source, known] of this.#sources) {
      const { at, ids } = known;
      const ahead = known.ahead.size === 0 ? {} : { ahead: [...known.ahead.values()] };
      if (at !== '' || known.ahead.size > 0) marks[source] = { at, ids: [...ids], ...ahead };
      if (known.holes.size > 0) holes[source] = placesOf(known.holes);
      if (known.lost !== '') lost[source] = known.lost;
    }
    const recent = this.#recent.state();
    const facts = recent.length === 0 ? {} : { recent };
    const given = Object.keys(lost).length === 0 ? {} : { lost };
    return { marks, holes, late: [...this.#late], ...facts, ...given };
  }

  /** Whether `event` was not accepted at this place. */
  #isNewPlace(event: Event): boolean {
    const { late, position } = event;
    const known = this.#sources.get(position.source) ?? newSource();
    if (holeOf(known, event) !== undefined) return true;
    if (isSeen(known, event)) return false;
    return late === 'undecided' ? !this.#late.has(identityOf(event)) : position.at >= known.at;
  }

  /** I9; from now on it is known, and a hole nowhere. */
  #isNewFact(identity: string): boolean {
    if (this.#recent.has(identity)) return false;
    this.#recent.add(identity);
    for (const { holes } of this.#sources.values()) holes.delete(identity);
    return true;
  }

  /** An event that came in order: everything before it was applied or is a hole. */
  #pass({ id, position }: Skipped): void {
    const known = this.#of(position.source);
    if (position.at > known.at) moveTo(known, position.at);
    if (position.at === known.at) this.#see(known, id);
  }

  /** An event that came out of order. */
  #note({ id, position }: Skipped): void {
    const known = this.#of(position.source);
    if (position.at === known.at) this.#see(known, id);
    if (position.at <= known.at) return;
    const place = { id, at: position.at };
    known.ahead.set(keyOf(place), place);
    if (known.ahead.size <= aheadMax) return;
    // Past the bound the mark has to move after all, by as little as it can. Where a queue is let go
    // in its order, nothing lies between; else what does is lost, as a hole that was given up.
    moveTo(known, lowest(known.ahead.values()));
    if (known.at > known.lost) known.lost = known.at;
  }

  #see({ ids }: Source, id: string): void {
    ids.add(id);
    this.#forgotten += trim(ids, idsMax);
  }

  #of(source: string): Source {
    let known = this.#sources.get(source);
    if (known === undefined) {
      known = newSource();
      this.#sources.set(source, known);
    }
    return known;
  }
}

/** Removes the oldest until `max` are left. Answers how many went. */
function trim(entries: Set<string> | Map<string, string>, max: number): number {
  let removed = 0;
  for (const id of entries.keys()) {
    if (entries.size <= max) break;
    entries.delete(id);
    removed += 1;
  }
  return removed;
}
