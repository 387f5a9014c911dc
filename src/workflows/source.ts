/** What one source of events is known by: positions that were accepted, and holes. Pure. */
import { type Event, identityOf, type Skipped } from './event.js';

export interface Place {
  /** Of a hole: its identity. */
  readonly id: string;
  readonly at: string;
}

/** What one source is known by; maps and sets, because a position may carry thousands of ids. */
export interface Source {
  at: string;
  readonly ids: Set<string>;
  /** By id and position. */
  readonly ahead: Map<string, Place>;
  /** Identity to position, the first where there are several. */
  readonly holes: Map<string, string>;
  /** The highest position of a hole that was given up, or to which the mark had to move. */
  lost: string;
}

export function newSource(): Source {
  return { at: '', ids: new Set(), ahead: new Map(), holes: new Map(), lost: '' };
}

/** True when it was accepted at its very place, on the mark or beyond it. */
export function isSeen({ at, ids, ahead }: Source, { id, position }: Skipped): boolean {
  if (position.at === at && ids.has(id)) return true;
  return ahead.size > 0 && ahead.has(keyOf({ id, at: position.at }));
}

/** The hole that `event` fills: none, where it stood before all of its places and was not redriven. */
export function holeOf(
  { holes }: Source,
  event: Skipped & Pick<Event, 'late'>,
): string | undefined {
  if (holes.size === 0) return undefined;
  const { id, ownId, late, position } = event;
  const identity = identityOf(event);
  const first = holes.get(identity);
  const isAnywhere = ownId !== true || late !== undefined;
  if (first !== undefined && (isAnywhere || first <= position.at)) return identity;
  // Announced by a bridge that did not tell whose the id is: known by its place.
  return holes.get(id) === position.at ? id : undefined;
}

export function moveTo(source: Source, at: string): void {
  source.at = at;
  source.ids.clear();
  for (const [key, place] of source.ahead) {
    if (place.at === at) source.ids.add(place.id);
    if (place.at <= at) source.ahead.delete(key);
  }
}

export function lowest(places: Iterable<Place>): string {
  return [...places].map(({ at }) => at).reduce((low, at) => (at < low ? at : low));
}

export function keyOf({ id, at }: Place): string {
  return `${at} ${id}`;
}

export function placesOf(places: ReadonlyMap<string, string>): readonly Place[] {
  return [...places].map(([id, at]) => ({ id, at }));
}
