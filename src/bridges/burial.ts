/** A dead letter is brought to its topic for as long as anyone wants it there. */
import type { Letter } from './dead-letters.js';
import type { EnginePorts } from './engine-ports.js';
import { backoffMs } from './limiter.js';

/** Resolves when the broker has `letter`, or when it is not `wanted` any more. */
export async function bury(
  ports: EnginePorts,
  letter: Letter,
  wanted: () => boolean,
): Promise<void> {
  for (let attempt = 1; wanted(); attempt += 1) {
    try {
      await ports.bury(letter);
      return;
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      const retry = { scope: 'lane', cause, code: 'dead-letter-topic' } as const;
      ports.observer.retrying(`dead letter of ${letter.record.topic}`, retry, attempt);
      await ports.sleep(backoffMs(attempt - 1, ports.random()));
    }
  }
}
