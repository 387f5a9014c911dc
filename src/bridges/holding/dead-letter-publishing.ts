/** A dead letter is brought to its topic for as long as anyone wants it there. */
import { type DeadLetter, DeadLetterRefused } from './dead-letters.js';
import type { EnginePorts } from '../engine/engine-ports.js';
import { backoffMs } from '../engine/limiter.js';

/**
 * True when the broker has `letter`; false when it is not `wanted` any more, which it is not when no
 * retry can bring it there: that halts, because nothing durable was decided on its record.
 */
export async function publishDeadLetter(
  ports: EnginePorts,
  letter: DeadLetter,
  wanted: () => boolean,
): Promise<boolean> {
  for (let attempt = 1; wanted(); attempt += 1) {
    try {
      await ports.publishDeadLetter(letter);
      return true;
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      if (error instanceof DeadLetterRefused) {
        ports.halt(cause);
        return false;
      }
      const retry = { scope: 'lane', cause, code: 'dead-letter-topic' } as const;
      ports.observer.retrying(`dead letter of ${letter.record.topic}`, retry, attempt);
      await ports.sleep(backoffMs(attempt - 1, ports.random()));
    }
  }
  return false;
}
