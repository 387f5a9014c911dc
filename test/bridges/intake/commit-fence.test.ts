import type { Broker, Cluster } from 'kafkajs';
import { expect, test } from 'vitest';
import { CommitOutdated, refuseOutdatedCommits } from '../../../src/bridges/intake/commit-fence.js';

test('a commit that was begun in one generation is not repeated in the next', async () => {
  const committed: unknown[] = [];
  const broker = {
    offsetCommit: (request: unknown) => {
      committed.push(request);
      return Promise.resolve('done');
    },
  } as unknown as Broker;
  const cluster = { findBroker: () => Promise.resolve(broker) } as unknown as Cluster;
  refuseOutdatedCommits(cluster);
  const found = await cluster.findBroker({ nodeId: '1' });
  const topics = [{ topic: 't', partitions: [{ partition: 0, offset: '7' }] }];
  const commit = (groupGenerationId: number, of = topics, memberId = 'm') =>
    found.offsetCommit({ groupId: 'g', groupGenerationId, memberId, topics: of });
  expect(await commit(1)).toBe('done');
  // The same list, tried again: first in the same generation, then in a later one, or as another.
  expect(await commit(1)).toBe('done');
  await expect(commit(2)).rejects.toBeInstanceOf(CommitOutdated);
  await expect(commit(1, topics, 'other')).rejects.toBeInstanceOf(CommitOutdated);
  // A new commit of the new generation.
  expect(await commit(2, structuredClone(topics))).toBe('done');
  expect(committed).toHaveLength(3);
});
