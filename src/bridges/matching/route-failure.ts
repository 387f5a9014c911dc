/** A route whose own code throws: whatever the record is, the route is what must be mended. Pure. */
import { complaintOf } from '../formats/unreadable.js';
import type { KafkaRecord } from './record.js';

/** Thrown where code of a route threw: its `to`, or the `data`, `where` or schema of its event. */
export class RouteFailed extends Error {
  override readonly name = 'RouteFailed';

  /** `routes`: the names of those that the code is part of. */
  constructor(routes: readonly string[], cause: unknown) {
    const named = routes.map((name) => JSON.stringify(name)).join(', ');
    super(`the code of route ${named} threw ${inWords(cause)}`, { cause });
  }
}

/** What an operator must know of a record that nothing could be decided on. */
export function decisionFailure(
  { topic, partition, offset }: Pick<KafkaRecord, 'topic' | 'partition' | 'offset'>,
  error: unknown,
): string {
  const what =
    error instanceof RouteFailed ? error.message : `deciding on it threw ${inWords(error)}`;
  return (
    `routes: record ${topic}/${String(partition)}/${offset}: ${what}. Mend it and start again: ` +
    'the record is read again. Where the record is at fault, its schema can refuse it, which ' +
    'makes it a dead letter'
  );
}

/** Its kind, its message, and where it was thrown. */
function inWords(error: unknown): string {
  if (!(error instanceof Error)) return complaintOf(error);
  const at = error.stack?.split('\n').find((line) => /^\s+at /.test(line));
  const where = at === undefined ? '' : ` (${at.trim()})`;
  return `${error.name}: ${complaintOf(error)}${where}`;
}
