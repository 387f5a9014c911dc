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
 * I5 The size is bounded per source; what has to be forgotten is counted, never silently so.
 */
import type { Event, Skipped } from './event.js';

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

export interface Place {
  readonly id: string;
  readonly at: string;
}

/** Plain JSON; keys are sources. */
export interface MarksState {
  readonly marks: Readonly<Record<string, Mark>>;
  /** Passed over so far, oldest first. */
  readonly holes: Readonly<Record<string, readonly Place[]>>;
  /** Ids of accepted events that nobody could read before, oldest first. */
  readonly late: readonly string[];
}

/** What one source is known by; maps and sets, because a position may carry thousands of ids. */
interface Source {
  at: string;
  readonly ids: Set<string>;
  /** Id to position. */
  readonly ahead: Map<string, string>;
  readonly holes: Map<string, string>;
}

/** Marks of every source of one workflow. */
export class Marks {
  readonly #sources = new Map<string, Source>();
  readonly #late: Set<string>;
  #forgotten = 0;

  constructor({ marks, holes, late }: MarksState = { marks: {}, holes: {}, late: [] }) {
    this.#late = new Set(late);
    for (const [source, { at, ids, ahead = [] }] of Object.entries(marks)) {
      const known = this.#of(source);
      known.at = at;
      for (const id of ids) known.ids.add(id);
      for (const place of ahead) known.ahead.set(place.id, place.at);
    }
    for (const [source, places] of Object.entries(holes)) {
      const known = this.#of(source);
      for (const { id, at } of places) known.holes.set(id, at);
    }
  }

  /** How often a bound was met and the oldest entry was given up: 0 where all keep their promises. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** True when `event` would be accepted; changes nothing. */
  accepts(event: Event): boolean {
    const { id, late, position } = event;
    const known = this.#sources.get(position.source) ?? newSource();
    if (known.holes.has(id)) return true;
    if (isSeen(known, event)) return false;
    return late === 'undecided' ? !this.#late.has(id) : position.at >= known.at;
  }

  /** Accepts `event`, or answers false: it is a repetition. */
  accept(event: Event): boolean {
    if (!this.accepts(event)) return false;
    const { id, late, position } = event;
    this.#of(position.source).holes.delete(id);
    if (late === undefined) this.#pass(event);
    else this.#note(event);
    if (late === 'undecided') this.#late.add(id);
    this.#forgotten += trim(this.#late, lateMax);
    return true;
  }

  /** Takes note that `skipped` is passed over: a hole, unless it was applied. */
  skip(skipped: Skipped): void {
    const { id, position } = skipped;
    const known = this.#of(position.source);
    if (position.at < known.at || isSeen(known, skipped)) return;
    known.holes.set(id, position.at);
    // The newest are the likeliest to be asked for. A redrive of one that was forgotten is dropped
    // as a repetition, unknown to the bridge: nothing acts twice, and the count below tells of it.
    this.#forgotten += trim(known.holes, holesMax);
  }

  /** For the next run. */
  state(): MarksState {
    const marks: Record<string, Mark> = {};
    const holes: Record<string, readonly Place[]> = {};
    for (const [source, known] of this.#sources) {
      const { at, ids } = known;
      const ahead = known.ahead.size === 0 ? {} : { ahead: placesOf(known.ahead) };
      if (at !== '' || known.ahead.size > 0) marks[source] = { at, ids: [...ids], ...ahead };
      if (known.holes.size > 0) holes[source] = placesOf(known.holes);
    }
    return { marks, holes, late: [...this.#late] };
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
    known.ahead.set(id, position.at);
    // Past the bound the mark has to move after all, by as little as it can.
    if (known.ahead.size > aheadMax) moveTo(known, lowest(known.ahead.values()));
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

function newSource(): Source {
  return { at: '', ids: new Set(), ahead: new Map(), holes: new Map() };
}

/** True when its very id was accepted on the mark or beyond it. */
function isSeen({ at, ids, ahead }: Source, { id, position }: Skipped): boolean {
  return ahead.has(id) || (position.at === at && ids.has(id));
}

function moveTo(source: Source, at: string): void {
  source.at = at;
  source.ids.clear();
  for (const [id, place] of source.ahead) {
    if (place === at) source.ids.add(id);
    if (place <= at) source.ahead.delete(id);
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

function lowest(positions: Iterable<string>): string {
  return [...positions].reduce((low, at) => (at < low ? at : low));
}

function placesOf(places: ReadonlyMap<string, string>): readonly Place[] {
  return [...places].map(([id, at]) => ({ id, at }));
}
