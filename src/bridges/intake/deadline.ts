/** Work that must not keep anybody waiting for longer than it is worth. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * True when `work` has ended within `ms`; false when it is left to itself, to end whenever it does.
 * Rejects as `work` does, within that time.
 */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const clock = new AbortController();
  const late = sleep(Math.max(0, ms), false, { signal: clock.signal });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clock.abort();
    // Nobody waits for it any more, nor for what becomes of late work.
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}
