/**
 * Shell: a session is opened once it is known where the group stands.
 *
 * K5 Never a silent jump: records that are gone, a topic that was cut off or created again are
 *    noticed here. What was read of a topic that is no more, and is still under way, is waited for:
 *    nobody could read it again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { startingPoints } from './assignment.js';
import type { Engine } from '../engine/engine.js';
import { kafkaRefusal } from './kafka-refusal.js';
import type { PartitionCursor } from './partition-cursor.js';
import { type Assignment, goneInWords, type StartingPoint } from './starting-point.js';
import type { ConsumerSession } from './consumer-session.js';
import { type Topic, topicsOf } from './topic-identity.js';

export interface SessionStartSettings {
  readonly groupId: string;
  /** Of topics whose own identity is not known. */
  readonly generation: string;
  readonly whenRecordsAreGone: 'halt' | 'continue';
  /** Called when no retry can mend what is wrong. */
  readonly halt: (cause: string) => void;
}

export interface SessionStart {
  readonly session: ConsumerSession;
  readonly engine: Engine;
  readonly settings: SessionStartSettings;
  readonly log: Logger;
  /** By topic, what was read before. */
  readonly read: ReadonlyMap<string, string>;
  /** By `readingOf`: how far this process has read, in any session. */
  readonly reached: ReadonlyMap<string, bigint>;
  /** Commits where reading begins, so that the next one knows what was begun. */
  readonly begin: (assignments: readonly Assignment[]) => void;
}

/** How long what was read of a topic that is gone may take to be settled, ms. */
const drainMs = 10_000;

/** One text per partition of one generation of a topic. */
export function readingOf(of: Pick<PartitionCursor, 'topic' | 'generation' | 'partition'>): string {
  return `${of.topic}#${of.generation}/${String(of.partition)}`;
}

/** Insists for as long as the session lasts; resolves when it is open, over, or refused to us. */
export async function startSession(of: SessionStart): Promise<void> {
  for (let attempt = 1; !of.session.isOver; attempt += 1) {
    try {
      await attemptOf(of);
      return;
    } catch (error) {
      const refusal = kafkaRefusal(error);
      if (refusal !== undefined) {
        of.settings.halt(refusal);
        return;
      }
      const reason = error instanceof Error ? error.message : String(error);
      of.log[attempt % 30 === 5 ? 'warn' : 'debug']({ reason }, 'asking where to begin');
      await sleep(Math.min(2_000, 50 * 2 ** attempt));
    }
  }
}

async function attemptOf(of: SessionStart): Promise<void> {
  const { session, engine, read, reached, settings } = of;
  const { cluster, assigned } = session;
  const topics = await topicsOf(cluster, [...Object.keys(assigned), ...read.keys()]);
  const points = await startingPoints(assigned, {
    ...{ cluster, topics, groupId: settings.groupId, generation: settings.generation },
    reached: (topic, generation, partition) =>
      reached.get(readingOf({ topic, generation, partition })),
  });
  const gone = points.some((point) => point.gone !== undefined);
  if (gone || isPast(read, topics)) await drained(engine);
  if (!session.isOver) open(of, points, topics);
}

function open(
  { session, engine, settings, log, begin }: SessionStart,
  points: readonly StartingPoint[],
  topics: readonly Topic[],
): void {
  for (const { gone, recreated, assignment } of points) {
    const { topic, partition } = assignment;
    if (recreated) log.warn({ topic, partition }, 'the topic was created again');
    if (gone === undefined) continue;
    log.error({ topic, partition }, goneInWords(gone));
    if (settings.whenRecordsAreGone === 'continue') continue;
    session.end();
    settings.halt(goneInWords(gone));
    return;
  }
  const assignments = points.map(({ assignment }) => assignment);
  const epoch = engine.assigned(assignments);
  const identified = topics.some(({ id }) => id !== undefined);
  session.open(points, epoch, identified);
  begin(points.filter(({ uncommitted }) => uncommitted).map(({ assignment }) => assignment));
  const partitions = assignments.map(({ topic, partition, from }) =>
    [topic, partition, from].join('/'),
  );
  log.info({ epoch, partitions }, 'partitions assigned');
}

/** Something that was read is of a topic that is no more. */
function isPast(read: ReadonlyMap<string, string>, topics: readonly Topic[]): boolean {
  return [...read].some(([name, generation]) => {
    const known = topics.find((topic) => topic.name === name);
    return known === undefined || (known.id !== undefined && known.id !== generation);
  });
}

/** Until what was read is settled, for a while. */
async function drained(engine: Engine): Promise<void> {
  const until = performance.now() + drainMs;
  while (!engine.idle && performance.now() < until) await sleep(20);
}
