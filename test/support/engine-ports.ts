/** An engine's ports in a test: what a test does not give is quiet, or is not to be asked. */
import type { EnginePorts } from '../../src/bridges/engine/engine-ports.js';
import { silent } from '../../src/bridges/engine/observer.js';

/** `given`, and beside it a clock that stands, and a Temporal that is never asked. */
export function enginePorts(given: Partial<EnginePorts>): EnginePorts {
  const never = () => Promise.reject(new Error('not to be asked'));
  return {
    ...{ groupId: 'g', observer: silent, decide: () => [] },
    ...{ dispatch: never, recall: never, inboxOf: never },
    publishDeadLetter: () => Promise.resolve(),
    pause: () => undefined,
    resume: () => undefined,
    sleep: () => Promise.resolve(),
    ...{ random: () => 0, now: () => 0, clock: () => 0 },
    halt: (cause) => {
      throw new Error(`halted: ${cause}`);
    },
    lost: () => undefined,
    ...given,
  };
}

/** Sleep that lasts until it is told to end. */
export class Naps {
  readonly #naps: (() => void)[] = [];

  readonly sleep = (): Promise<void> =>
    new Promise((wake) => {
      this.#naps.push(wake);
    });

  /** Ends the sleeps that have begun, and answers when what follows from that is done. */
  wake(): Promise<void> {
    for (const wake of this.#naps.splice(0)) wake();
    return settle();
  }
}

/** Resolves when what needs no timer is done. */
export async function settle(turns = 20): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((done) => setImmediate(done));
}
