/**
 * Shell: kafkajs repeats a commit that failed, for seconds; and when it has joined the group anew
 * meanwhile, it does so under its new generation, which the broker accepts, though the partitions may
 * have been another's in between: it would take back what that one committed. A commit that was begun
 * under one generation is refused under any other.
 */
import type { Cluster } from 'kafkajs';
import { guardBrokers } from './broker-guard.js';

/** Thrown into kafkajs in place of a repetition; by its field it is not tried again. */
export class CommitOutdated extends Error {
  override readonly name = 'CommitOutdated';
  readonly retriable = false;
}

/** Makes every broker of `cluster` refuse commits that were begun before the newest assignment. */
export function refuseOutdatedCommits(cluster: Cluster): void {
  /** kafkajs hands on one and the same list of topics however often it tries. */
  const begun = new WeakMap<object, string>();
  guardBrokers(cluster, (broker) => {
    const commit = broker.offsetCommit.bind(broker);
    broker.offsetCommit = (request) => {
      const { topics, memberId, groupGenerationId } = request;
      const under = `${memberId}/${String(groupGenerationId)}`;
      const first = begun.get(topics) ?? under;
      begun.set(topics, first);
      if (first === under) return commit(request);
      return Promise.reject(new CommitOutdated('partitions were given out since it was begun'));
    };
  });
}
