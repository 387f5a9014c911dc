/** Request ids as functions of what is asked: the server recognises a repetition. Pure. */
import { createHash } from 'node:crypto';
import { type Event, identityOf, type Skipped } from '../../workflows/index.js';

/** What of an event goes into an id. */
type Told = Skipped & Pick<Event, 'late'>;

/**
 * The same for the same events at the same places, and the same that is passed over: what the server
 * takes for a repetition tells the workflow nothing.
 */
export function requestIdOf(
  kind: string,
  id: string,
  events: readonly Told[],
  skipped: readonly Skipped[] = [],
): string {
  const passed = skipped.flatMap((one) => [
    ...placeOf(one),
    one.over === true ? 'over' : 'skipped',
  ]);
  return hashed([kind, id, ...events.flatMap(placeOf), ...passed]);
}

/** The same for the same fact, wherever its producer published it under one id. */
export function factIdOf(kind: string, id: string, event: Told): string {
  const told = event.ownId === true ? [identityOf(event), event.late ?? ''] : placeOf(event);
  return hashed([kind, id, ...told]);
}

function placeOf({ id, position, late }: Told): string[] {
  return [id, position.source, position.at, late ?? ''];
}

/** 22 characters: the server keeps them in the run's state. */
function hashed(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 22);
}
