/** Process: runs the bridge until told to stop, or until a halt that no retry can mend. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BridgeOptions, type BridgeSettings, settingsOf } from './bridge-options.js';
import { openDeadLetters } from './bridges/dead-letters.js';
import { Engine } from './bridges/engine.js';
import { Intake } from './bridges/kafka.js';
import type { EngineState } from './bridges/observer.js';
import { dispatch } from './bridges/temporal.js';

export interface Bridge {
  /** Rejects when the bridge halts: the reason holds for every record. */
  readonly halted: Promise<never>;
  readonly engine: Engine;
  /** Why it halted; `undefined` while it has not. */
  haltedBy(): BridgeHalted | undefined;
  /** True once the group has given it its partitions. */
  assigned(): boolean;
  /** How it stands; `undefined` while it cannot tell. */
  state(): EngineState | undefined;
  /** Drains within `withinMs`, commits, leaves the group. */
  stop(withinMs?: number): Promise<void>;
}

/** Thrown when going on would lose or misjudge records; says what the operator must mend. */
export class BridgeHalted extends Error {
  override readonly name = 'BridgeHalted';
}

/**
 * Starts the bridge. Resolves when the consumer runs.
 * @throws BridgeRefused for options that no bridge could work with.
 */
export async function runBridge(given: BridgeOptions): Promise<Bridge> {
  const options = settingsOf(given);
  const { kafka, client, log, table, observer } = options;
  const intake = new Intake(kafka, intakeSettings(options), log);
  let haltedBy: BridgeHalted | undefined;
  let halt: (error: BridgeHalted) => void = () => undefined;
  const halted = new Promise<never>((_, reject) => {
    halt = (error) => {
      haltedBy = error;
      reject(error);
    };
  });
  halted.catch(() => undefined);
  const target = {
    client,
    namespace: options.namespace,
    taskQueue: options.taskQueue,
    identity: `headrace-bridge@${hostname()}`,
    deadlineMs: 10_000,
  };
  const { deadLetterTopic: topic, groupId: group } = options;
  const letters = openDeadLetters(kafka, { topic, group, kept: false }, log);
  const engine = new Engine(
    {
      decide: (record) => table.decide(record),
      dispatch: (request) => dispatch(target, request),
      bury: (letter) => letters.bury(letter),
      pause: (topic, partition) => {
        intake.pause(topic, partition);
      },
      resume: (topic, partition) => {
        intake.resume(topic, partition);
      },
      sleep: (ms) => sleep(ms),
      random: Math.random,
      now: () => performance.now(),
      decided: (outcome) => {
        observer.decided(outcome);
      },
      retrying: (workflowId, cause, attempt) => {
        // The first repetition is everyday; from the fifth on an operator should know.
        log[attempt === 5 ? 'warn' : 'debug']({ workflowId, cause, attempt }, 'trying again');
      },
      halt: (cause) => {
        log.fatal({ cause }, 'bridge halts: the reason holds for every record');
        halt(new BridgeHalted(`bridge: halted, nothing was released past this: ${cause}`));
      },
    },
    options.limits,
  );
  await intake.start(engine);
  const stop = async (withinMs = 10_000): Promise<void> => {
    for (const { topic, partition } of engine.windows) intake.pause(topic, partition);
    const until = Date.now() + withinMs;
    while (!engine.idle && Date.now() < until) await sleep(20);
    engine.stop();
    await intake.stop();
    await letters.close();
  };
  return {
    ...{ halted, engine, stop },
    haltedBy: () => haltedBy,
    assigned: () => intake.assigned,
    state: () => undefined,
  };
}

function intakeSettings({ groupId, table, generation }: BridgeSettings) {
  return {
    groupId,
    generation,
    topics: table.topics,
    sessionTimeoutMs: 10_000,
    commitEveryMs: 250,
  };
}
