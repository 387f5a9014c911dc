/**
 * Which fetched records are of transactions that were aborted. Deciding is pure; the shell takes it
 * over from kafkajs, which decides wrongly: it takes the broker's list as one in the order in which
 * the transactions began, but brokers list them as they ended, so of two that overlapped and were
 * both aborted it hands records over. Besides, any record with a key of four zero bytes ends an
 * aborted transaction for it.
 *
 * A1 A producer aborts from the first offset of a listed transaction up to its own marker of an
 *    abort; what it wrote in between in a transaction is aborted. Only a control record is a marker.
 * A2 What is aborted keeps its offset, as control records do: the reader passes over it.
 *
 * Source: KIP-98; the Java client's `CompletedFetch`.
 */
import type { Cluster } from 'kafkajs';
import { guardBrokers } from './broker-guard.js';

/** An entry of the broker's list. */
export interface AbortedTransaction {
  readonly producerId: string;
  readonly firstOffset: string;
}

/** A fetched record, as kafkajs' batches know it beyond their types. */
export interface FetchedRecord {
  readonly offset: string;
  readonly key: Buffer | null;
  /** kafkajs hands over none of which it is true. */
  isControlRecord?: boolean;
  /** Absent in the format of brokers before 0.11, which know no transactions. */
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean };
}

/** What a fetch brings. */
interface FetchAnswer {
  readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[];
}

interface FetchedPartition {
  abortedTransactions?: readonly AbortedTransaction[];
  readonly messages: readonly FetchedRecord[];
}

/** A control record's key: its version, then what it is, two bytes each. */
const typeAt = 2;
const abortType = 0;

/** A1. The aborted ones of `records`, which rise by offset as the log does. */
export function abortedAmong<Fetched extends FetchedRecord>(
  records: readonly Fetched[],
  transactions: readonly AbortedTransaction[],
): readonly Fetched[] {
  const toBegin = transactions
    .map(({ producerId, firstOffset }) => ({ producerId, first: BigInt(firstOffset) }))
    .sort((one, other) => (one.first < other.first ? 1 : -1));
  const aborting = new Set<string>();
  return records.filter(({ offset, key, isControlRecord, batchContext }) => {
    let next = toBegin.at(-1);
    while (next !== undefined && next.first <= BigInt(offset)) {
      aborting.add(next.producerId);
      toBegin.pop();
      next = toBegin.at(-1);
    }
    if (batchContext === undefined) return false;
    const { producerId, inTransaction } = batchContext;
    if (isControlRecord !== true) return inTransaction && aborting.has(producerId);
    if (isAbort(key)) aborting.delete(producerId);
    return false;
  });
}

/** Makes kafkajs pass over what was aborted, and nothing else, whatever `cluster` fetches. */
export function passOverAborted(cluster: Cluster): void {
  guardBrokers(cluster, (broker) => {
    const fetch = broker.fetch.bind(broker);
    broker.fetch = async (request) => {
      const answer = (await fetch(request)) as FetchAnswer;
      for (const { partitions } of answer.responses) partitions.forEach(markAborted);
      return answer;
    };
  });
}

/** A2. kafkajs' own filter is left nothing to do. */
function markAborted(partition: FetchedPartition): void {
  const { abortedTransactions = [], messages } = partition;
  if (abortedTransactions.length === 0) return;
  for (const record of abortedAmong(messages, abortedTransactions)) record.isControlRecord = true;
  partition.abortedTransactions = [];
}

function isAbort(key: Buffer | null): boolean {
  return key !== null && key.length >= typeAt + 2 && key.readInt16BE(typeAt) === abortType;
}
