/** Request ids as functions of what is asked: the server recognises a repetition. Pure. */
import { createHash } from 'node:crypto';
import type { Event } from '../workflows/index.js';

/** 22 characters: the server keeps them in the run's state. */
export function requestIdOf(kind: string, id: string, events: readonly Event[]): string {
  const hash = createHash('sha256').update(`${kind}\n${id}`);
  for (const { id: eventId, position, late } of events) {
    hash.update(`\n${eventId}\n${position.source}\n${position.at}\n${late ?? ''}`);
  }
  return hash.digest('base64url').slice(0, 22);
}
