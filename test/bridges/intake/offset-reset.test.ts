import type { Broker, Cluster } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { OffsetOutOfRange, refuseOffsetResets } from '../../../src/bridges/intake/offset-reset.js';

describe('offset resets', () => {
  const committed: unknown[] = [];
  const broker = {
    offsetCommit: (request: unknown) => {
      committed.push(request);
      return Promise.resolve('done');
    },
  } as unknown as Broker;
  const cluster = { findBroker: () => Promise.resolve(broker) } as unknown as Cluster;
  const request = (offset: string) => ({
    ...{ groupId: 'g', groupGenerationId: 1, memberId: 'm' },
    topics: [{ topic: 't', partitions: [{ partition: 0, offset }] }],
  });

  it('the beginning and the end are not committed; offsets are, once', async () => {
    refuseOffsetResets(cluster);
    for (let time = 0; time < 3; time += 1) await cluster.findBroker({ nodeId: '1' });
    const found = await cluster.findBroker({ nodeId: '1' });
    for (const special of ['-1', '-2']) {
      await expect(found.offsetCommit(request(special))).rejects.toBeInstanceOf(OffsetOutOfRange);
    }
    expect(committed).toEqual([]);
    expect(await found.offsetCommit(request('0'))).toBe('done');
    expect(committed).toEqual([request('0')]);
  });
});
