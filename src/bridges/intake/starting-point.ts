/**
 * Where reading a partition begins, and whether records are gone that were never seen. Pure.
 *
 * S1 Never a silent jump: a commit that the log no longer reaches, or that the log has not reached,
 *    is named with the offsets concerned; what to do about it is the operator's choice.
 * S2 A commit of another generation of the topic says nothing about this one: it is read from its
 *    beginning.
 * S3 What this process has read already, in this generation, counts as a commit does: a log that
 *    ends before it was cut off.
 */
import { type CommitNote, decodeCommit, type DoneMap } from './done-map.js';

/** What is known of a partition when it is assigned. */
export interface PartitionFacts {
  readonly topic: string;
  readonly partition: number;
  readonly generation: string;
  /** The group's commit; undefined when there is none. */
  readonly committed: { readonly offset: bigint; readonly metadata: string | null } | undefined;
  readonly logStart: bigint;
  /** The next offset to be written, or the first of an open transaction. */
  readonly logEnd: bigint;
  /** The offset after the last one that this process read of this generation. */
  readonly reached?: bigint;
}

/** A partition as the engine takes it over. */
export interface Assignment {
  readonly topic: string;
  readonly partition: number;
  readonly generation: string;
  /** The offset to read from. */
  readonly from: bigint;
  /** Settled offsets at or above `from`. */
  readonly done?: DoneMap;
}

/** Records that nobody can read any more, or offsets that nobody has written. */
export interface Gone {
  readonly topic: string;
  readonly partition: number;
  /** `expired`: deleted before they were read. `cut-off`: the log ends before what was read. */
  readonly how: 'expired' | 'cut-off';
  /** First offset concerned, and the one after the last. */
  readonly first: bigint;
  readonly until: bigint;
}

export interface StartingPoint {
  readonly assignment: Assignment;
  /** The topic was deleted and created again since the commit. */
  readonly recreated: boolean;
  /** The group has committed nothing of this generation yet. */
  readonly uncommitted: boolean;
  readonly logEnd: bigint;
  readonly gone?: Gone;
}

/** Where to begin, were the operator to say: go on. */
export function startingPoint(facts: PartitionFacts): StartingPoint {
  const { topic, partition, generation, committed, logStart, logEnd, reached } = facts;
  const at = { topic, partition, generation };
  const note = decodeCommit(committed?.metadata);
  const recreated = note !== undefined && !note.isOf(generation);
  const how = { recreated, uncommitted: recreated || committed === undefined, logEnd };
  // The whole of a new generation is ours to read. Whoever never committed has been promised
  // nothing but what it began to read.
  const begun = reached !== undefined && reached < logStart ? reached : logStart;
  const from = recreated ? 0n : (committed?.offset ?? begun);
  if (from < logStart) {
    const gone: Gone = { topic, partition, how: 'expired', first: from, until: logStart };
    return { assignment: { ...at, from: logStart, ...doneOf(note, recreated) }, ...how, gone };
  }
  const read = reached !== undefined && reached > from ? reached : from;
  if (read > logEnd) {
    // Offsets are given out anew from the end on. All of it again: the inbox knows what it has.
    const gone: Gone = { topic, partition, how: 'cut-off', first: logEnd, until: read };
    return { assignment: { ...at, from: logStart }, ...how, gone };
  }
  return { assignment: { ...at, from, ...doneOf(note, recreated) }, ...how };
}

/** As the commands are told, and a bridge in a process of its own. */
const goOn =
  "HEADRACE_WHEN_RECORDS_ARE_GONE=continue (runBridge: `whenRecordsAreGone: 'continue'`)";

/** What happened to the records, and what can be done; one sentence each. */
export function goneInWords({ topic, partition, how, first, until }: Gone): string {
  const where = `${topic}, partition ${String(partition)}`;
  const range = `${String(first)} to ${String(until - 1n)}`;
  return how === 'expired'
    ? `kafka: ${where}: records ${range} were deleted by the broker before they were read. ` +
        `Lengthen the retention of the topic; to go on without them, start once with ${goOn}`
    : `kafka: ${where}: offsets ${range} were read, but the log ends before them: the topic was ` +
        'cut off, or deleted and created again. To read it from its beginning, start once with ' +
        `${goOn}, and with another HEADRACE_TOPIC_GENERATION (\`generation\`) where the broker ` +
        'gives topics no identity';
}

function doneOf(note: CommitNote | undefined, recreated: boolean): { done?: DoneMap } {
  if (note === undefined || recreated || note.done.runs.length === 0) return {};
  return { done: note.done };
}
