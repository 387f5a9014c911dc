/**
 * Shell: kafkajs answers "offset out of range" by committing the beginning or the end in place of
 * the group's progress, silently, so that nobody could tell afterwards what was passed over. Such a
 * commit is refused: the consumer dies instead, and the next assignment finds out what is gone
 * (`starting-point.ts`).
 */
import type { Cluster } from 'kafkajs';
import { guardBrokers } from './broker-guard.js';

/** Thrown into kafkajs in place of a reset; by its field it is not tried again. */
export class OffsetOutOfRange extends Error {
  override readonly name = 'OffsetOutOfRange';
  readonly retriable = false;
}

/** Makes every broker of `cluster` refuse commits of special offsets. */
export function refuseOffsetResets(cluster: Cluster): void {
  guardBrokers(cluster, (broker) => {
    const commit = broker.offsetCommit.bind(broker);
    broker.offsetCommit = (request) => {
      const reset = request.topics.find(({ partitions }) =>
        partitions.some(({ offset }) => isSpecial(offset)),
      );
      if (reset === undefined) return commit(request);
      return Promise.reject(new OffsetOutOfRange(`the log of ${reset.topic} has no such offset`));
    };
  });
}

/** Offsets are numbers from 0 on; −1 and −2 stand for the end and the beginning. */
function isSpecial(offset: { toString(): string }): boolean {
  return offset.toString().startsWith('-');
}
