/** Where a round takes place: the parts that can be killed, and how each comes back. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartName } from '../../src/stack/state.js';
import type { Blow, Victim } from './kill-plan.js';
import { victims } from './kill-plan.js';
import type { Supervised } from './supervised.js';
import type { Downtime } from './verdict.js';

/** Of the real stack. Both resolve when it is so. */
export interface StackControl {
  kill(part: PartName): Promise<void>;
  restart(part: PartName): Promise<void>;
}

export interface Death extends Downtime {
  readonly victim: Victim;
}

export class Stage {
  readonly #control: StackControl;
  readonly #own: Readonly<Record<'bridge' | 'worker', Supervised>>;
  readonly #up = new Set<Victim>(victims);
  readonly #returns = new Set<Promise<void>>();
  readonly deaths: Death[] = [];

  constructor(control: StackControl, own: Readonly<Record<'bridge' | 'worker', Supervised>>) {
    this.#control = control;
    this.#own = own;
  }

  /** Kills by `plan`. A part that is down already has another die in its place. */
  async strike(plan: readonly Blow[], told: (done: number) => void): Promise<void> {
    for (const [index, { victim, afterMs, downMs }] of plan.entries()) {
      // The moment is what is drawn by lot; nothing is waited for.
      await sleep(afterMs);
      while (this.#up.size === 0) await Promise.race(this.#returns);
      const [other = victim] = this.#up;
      const struck = this.#up.has(victim) ? victim : other;
      this.#up.delete(struck);
      const fromMs = Date.now();
      const returned = this.#fall(struck, downMs).finally(() => {
        this.deaths.push({ victim: struck, fromMs, toMs: Date.now() });
        this.#up.add(struck);
        this.#returns.delete(returned);
      });
      this.#returns.add(returned);
      told(index + 1);
    }
    await Promise.all(this.#returns);
  }

  async #fall(victim: Victim, downMs: number): Promise<void> {
    if (victim === 'bridge' || victim === 'worker') {
      await this.#own[victim].kill();
      await sleep(downMs);
      this.#own[victim].start();
      return;
    }
    await this.#control.kill(victim);
    await sleep(downMs);
    await this.#restart(victim);
  }

  /** What it needs may be down as well: Connect does not start without Kafka. */
  async #restart(part: PartName): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#control.restart(part);
        return;
      } catch (error) {
        if (attempt === 20) throw error;
        await sleep(500);
      }
    }
  }
}
