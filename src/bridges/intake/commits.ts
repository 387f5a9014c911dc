/**
 * Shell: offsets released by the engine become commits, with what is settled above them.
 *
 * K2 Offsets are committed by us alone, by a member that is still the one whose partitions they are,
 *    which is looked at just before sending: the broker accepts a commit for a partition that is no
 *    longer owned (tulios/kafkajs#1046). Once sent, `commit-fence.ts` sees to it.
 * K7 A commit that is refused is told of. Its map may be what the broker finds too large: then the
 *    offset goes without, and maps are smaller from then on.
 */
import type { Consumer, TopicPartitionOffsetAndMetadata } from 'kafkajs';
import type { Logger } from 'pino';
import type { MemberAssignment } from './assignment.js';
import { encodeCommit, metadataLength } from './done-map.js';
import type { Engine } from '../engine/engine.js';
import type { Assignment } from './starting-point.js';
import type { PartitionWindow } from '../engine/window.js';

/** What is settled above an offset that stands still is told this often, ms. */
const metadataEveryMs = 5_000;

/** Whose commit it is: a member, for as long as it has its partitions. */
export interface Member {
  readonly consumer: Pick<Consumer, 'commitOffsets'>;
  readonly assigned: MemberAssignment;
  readonly isCurrent: () => boolean;
}

export interface CommitPorts {
  readonly engine: Pick<Engine, 'releases' | 'windows'>;
  readonly log: Logger;
  /** The broker has not taken a commit. */
  refused(): void;
}

/** What is to be committed of a partition; `offset` alone says where to read on. */
interface Progress {
  readonly topic: string;
  readonly partition: number;
  readonly generation: string;
  readonly offset: bigint;
  readonly runs: ReturnType<PartitionWindow['offsets']['runs']>;
}

type Commit = TopicPartitionOffsetAndMetadata & { readonly metadata: string };

export class Commits {
  readonly #ports: CommitPorts;
  #committing: Promise<void> | undefined;
  #metadataAt = 0;
  /** How much metadata the broker takes, characters, as far as we know. */
  #room = metadataLength;
  #refusedInARow = 0;

  constructor(ports: CommitPorts) {
    this.#ports = ports;
  }

  /** Commits what is settled. A failed commit is tried again at the next turn. */
  commit(member: Member): Promise<void> {
    return this.#inTurn(() => this.#commitNow(member));
  }

  /**
   * Commits where reading begins. Whoever is killed before its first commit proper would leave
   * nothing behind, and the next one could not tell what was deleted meanwhile.
   */
  begin(member: Member, assignments: readonly Assignment[]): Promise<void> {
    if (assignments.length === 0) return Promise.resolve();
    return this.#inTurn(() =>
      this.#send(
        member,
        assignments.map((assignment) => ({ ...assignment, offset: assignment.from, runs: [] })),
      ),
    );
  }

  async #inTurn(work: () => Promise<unknown>): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    const committing = work()
      .then(() => undefined)
      .finally(() => {
        this.#committing = undefined;
      });
    this.#committing = committing;
    await committing;
  }

  async #commitNow(member: Member): Promise<void> {
    const releases = this.#releases().filter(({ window }) => owns(member, window));
    const sent = await this.#send(
      member,
      releases.map(({ window, offset }) => {
        const { topic, partition, generation } = window;
        return { topic, partition, generation, offset, runs: window.offsets.runs() };
      }),
    );
    for (const [index, { window, offset }] of releases.entries()) {
      const commit = sent?.[index];
      if (commit === undefined) continue;
      window.committed = offset;
      window.metadata = commit.metadata;
    }
  }

  /** What was committed, in the same order; `undefined`: nothing. */
  async #send(
    { consumer, isCurrent }: Member,
    progress: readonly Progress[],
  ): Promise<readonly Commit[] | undefined> {
    // K2: while it waited for its turn, the partitions may have become another's.
    if (progress.length === 0 || !isCurrent()) return undefined;
    const whole = progress.map((one) => commitOf(one, this.#room));
    try {
      await consumer.commitOffsets(whole);
      this.#refusedInARow = 0;
      return whole;
    } catch (error) {
      this.#refused(error);
      if (!isTooLarge(error) || !isCurrent()) return undefined;
    }
    this.#room = Math.floor(this.#room / 2);
    const bare = progress.map((one) => commitOf({ ...one, runs: [] }, this.#room));
    try {
      await consumer.commitOffsets(bare);
      this.#refusedInARow = 0;
      return bare;
    } catch (error) {
      this.#refused(error);
      return undefined;
    }
  }

  /** K7 */
  #refused(error: unknown): void {
    this.#ports.refused();
    this.#refusedInARow += 1;
    const reason = error instanceof Error ? error.message : String(error);
    // The first failures are everyday; then an operator should know.
    const level = this.#refusedInARow % 30 === 5 ? 'warn' : 'debug';
    this.#ports.log[level](
      { error: reason, inARow: this.#refusedInARow },
      'commit refused; the next one carries it',
    );
  }

  #releases(): readonly { readonly window: PartitionWindow; readonly offset: bigint }[] {
    const { engine } = this.#ports;
    const releases = engine.releases();
    if (Date.now() - this.#metadataAt < metadataEveryMs) return releases;
    this.#metadataAt = Date.now();
    const moved = new Set(releases.map(({ window }) => window));
    const still = [...engine.windows].flatMap((window) => {
      const offset = window.offsets.watermark();
      if (moved.has(window) || offset === undefined) return [];
      const metadata = encodeCommit(offset, window.offsets.runs(), window.generation, this.#room);
      return metadata === window.metadata ? [] : [{ window, offset }];
    });
    return [...releases, ...still];
  }
}

function owns({ assigned }: Member, { topic, partition }: PartitionWindow): boolean {
  return assigned[topic]?.includes(partition) ?? false;
}

function commitOf({ topic, partition, generation, offset, runs }: Progress, room: number): Commit {
  const metadata = encodeCommit(offset, runs, generation, room);
  return { topic, partition, offset: offset.toString(), metadata };
}

/** The broker's `offset.metadata.max.bytes` is smaller than its default. */
function isTooLarge(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('type' in at && at.type === 'OFFSET_METADATA_TOO_LARGE') return true;
  }
  return false;
}
