/** Process: runs the bridge until told to stop, or until a halt that no retry can mend. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type BridgeOptions, type BridgeSettings, settingsOf } from './bridge-options.js';
import { openDeadLetters } from './bridges/holding/dead-letters.js';
import { endsWithin } from './bridges/intake/deadline.js';
import type { Decoder } from './bridges/matching/decoder.js';
import { starter } from './bridges/temporal/eager-start.js';
import { Engine } from './bridges/engine/engine.js';
import type { EnginePorts } from './bridges/engine/engine-ports.js';
import type { KafkaRecord } from './bridges/matching/record.js';
import { Intake, type IntakeSettings } from './bridges/intake/intake.js';
import { type EngineState, type Observer, tellAll } from './bridges/engine/observer.js';
import { callingOnce } from './bridges/temporal/single-calls.js';
import { dispatch, type Target } from './bridges/temporal/temporal.js';
import { inboxOf, recall } from './bridges/temporal/temporal-updates.js';

/** How often held records are looked at, ms. */
const tendMs = 1_000;
/** Of the time that a stop may take, what is kept for committing and leaving: this part. */
const leavingPart = 1 / 4;

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
  /**
   * Drains, commits, leaves the group, all within `withinMs`, default 10,000: what does not answer by
   * then is left to itself.
   */
  stop(withinMs?: number): Promise<void>;
}

/** Thrown when going on would lose or misjudge records; says what the operator must mend. */
export class BridgeHalted extends Error {
  override readonly name = 'BridgeHalted';
}

/**
 * Starts the bridge. Resolves when the consumer runs.
 * @throws BridgeRefused for options that no bridge could work with; KafkaJSError when no broker
 * answers. Nothing of it is left then.
 */
export async function runBridge(given: BridgeOptions): Promise<Bridge> {
  const options = settingsOf(given);
  const { kafka, log, table, store, decoder } = options;
  let haltedBy: BridgeHalted | undefined;
  let halt: (error: BridgeHalted) => void = () => undefined;
  const halted = new Promise<never>((_, reject) => {
    halt = (error) => {
      haltedBy = error;
      reject(error);
    };
  });
  halted.catch(() => undefined);
  const haltBy = (cause: string): void => {
    if (haltedBy !== undefined) return;
    log.fatal({ cause }, 'bridge halts: the reason holds for every record');
    halt(new BridgeHalted(`bridge: halted, nothing was released past this: ${cause}`));
  };
  const intake = new Intake(kafka, intakeSettings(options, haltBy), log);
  const target = targetOf(options);
  const { deadLetterTopic: topic, groupId } = options;
  const letters = openDeadLetters(kafka, { topic, group: groupId, kept: store !== undefined }, log);
  const ports: EnginePorts = {
    decide: (record) => table.decide(record),
    prepare: (records) => prepared(decoder, records, log),
    dispatch: (request) => dispatch(target, request),
    ...{ inboxOf: (id) => inboxOf(target, id), recall: (id) => recall(target, id) },
    publishDeadLetter: (letter) => letters.publish(letter),
    ...(store === undefined ? { groupId } : { groupId, store }),
    pause: (topic, partition) => {
      intake.pause(topic, partition);
    },
    resume: (topic, partition) => {
      intake.resume(topic, partition);
    },
    sleep: (ms) => sleep(ms),
    random: Math.random,
    now: () => performance.now(),
    clock: () => Date.now(),
    observer: tellAll([logged(log), options.observer]),
    lost: () => {
      // Between two terms they are about to be claimed anew anyhow.
      if (intake.assigned) intake.rejoin('another bridge has claimed its partitions');
    },
    halt: haltBy,
  };
  const engine = new Engine(ports, options.limits);
  const tending = setInterval(() => void engine.tend(), tendMs);
  const stop = async (withinMs = 10_000): Promise<void> => {
    clearInterval(tending);
    intake.rest();
    const until = performance.now() + withinMs;
    const drained = until - withinMs * leavingPart;
    while (!engine.idle && performance.now() < drained) await sleep(20);
    engine.stop();
    const leftMs = until - performance.now();
    const ended = await Promise.all([intake.stop(leftMs), endsWithin(leftMs, letters.close())]);
    if (ended.includes(false)) {
      log.warn({ withinMs }, 'Kafka did not answer in time: the last records may come again');
    }
  };
  await intake.start(engine).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    ...{ halted, engine, stop },
    haltedBy: () => haltedBy,
    assigned: () => intake.assigned,
    state: () => engine.state(),
  };
}

function targetOf({ client, eager, namespace, taskQueue }: BridgeSettings): Target {
  const once = callingOnce(client);
  return {
    client: once,
    start: starter(once.workflowService, eager ? client.workflowService : undefined),
    ...{ namespace, taskQueue, identity: `headrace-bridge@${hostname()}`, deadlineMs: 10_000 },
  };
}

/** Held records have time: whatever keeps one from being read now, another turn may mend. */
function prepared(
  decoder: Decoder,
  records: readonly KafkaRecord[],
  log: Logger,
): readonly boolean[] {
  // One by one, so that a schema that cannot be had keeps only those that name it.
  const loads = records.map((record) => decoder.prepare([record]));
  const loading = loads.filter((load) => load !== undefined);
  void Promise.allSettled(loading).then((ends) => {
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [String(end.reason)] : []));
    for (const cause of new Set(failed)) log.warn({ cause }, 'held records wait for schemas');
  });
  return loads.map((load) => load === undefined);
}

function intakeSettings(options: BridgeSettings, halt: (cause: string) => void): IntakeSettings {
  const { groupId, table, generation, decoder, whenRecordsAreGone, observer } = options;
  return {
    ...{ groupId, generation, decoder, whenRecordsAreGone, halt },
    topics: table.topics,
    self: { host: hostname(), pid: process.pid },
    sessionTimeoutMs: 10_000,
    commitEveryMs: 250,
    stuck: (topic, partition, forMs) => {
      observer.stuck(topic, partition, forMs);
    },
    refused: () => {
      observer.commitRefused();
    },
  };
}

/** What an operator reads in the log without having asked for it. */
function logged(log: Logger): Partial<Observer> {
  return {
    retrying: (what, { cause, code }, attempt) => {
      // The first repetition is everyday; from the fifth on an operator should know.
      log[attempt === 5 ? 'warn' : 'debug']({ what, cause, code, attempt }, 'trying again');
    },
    expiring: (workflowId, deadlineMs) => {
      const deadline = new Date(deadlineMs).toISOString();
      log.warn({ workflowId, deadline }, 'an event still waits for this workflow');
    },
  };
}
