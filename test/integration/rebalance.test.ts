/** Bridges come and go under load, 1 → 3 → 1: nothing is lost, nothing twice, order is kept. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Bridge } from '../../src/bridge.js';
import { ensureHoldingSchema } from '../../src/bridges/holding/holding-schema.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { ensureTopics } from '../../src/stack/topics.js';
import { entryRoute } from '../support/ledger-entries.js';
import { entriesQuery } from '../support/ledger-workflow.js';
import { eventually } from '../support/site.js';
import { openTemporalStage, type TemporalStage } from '../support/temporal-stage.js';

const workflowsPath = fileURLToPath(new URL('../support/ledger-workflow.ts', import.meta.url));
const name = `rebalance-${randomUUID().slice(0, 8)}`;
const ledgers = Array.from({ length: 18 }, (_, index) => `${name}-${String(index)}`);
const type = 'ledger.entry';

describe('rebalances', () => {
  const running = new Set<Bridge>();
  let stage: TemporalStage;

  beforeAll(async () => {
    stage = await openTemporalStage(inject('addresses'));
    await ensureTopics(stage.kafka, [{ topic: name, partitions: 6 }]);
    await ensureHoldingSchema(stage.pool);
    await stage.worker({ taskQueue: name, workflowsPath });
  });
  afterAll(() => stage.close());

  const join = async (): Promise<Bridge> => {
    const bridge = await stage.bridge({
      ...{ taskQueue: name, groupId: name, deadLetterTopic: `${name}-letters` },
      ...{ routes: [entryRoute(name)], store: createHoldingStore(stage.pool) },
    });
    running.add(bridge);
    return bridge;
  };
  const leave = async (bridge: Bridge): Promise<void> => {
    running.delete(bridge);
    await stage.end(bridge);
  };
  const held = (bridge: Bridge): number => bridge.state()?.partitions.length ?? 0;
  const shares = (): number[] => [...running].map(held).sort();

  it('1 → 3 → 1 bridges while events keep coming', async () => {
    let round = 0;
    const feeding = new AbortController();
    const feed = (async () => {
      for (; !feeding.signal.aborted; round += 1) {
        const messages = ledgers.map((ledger) => {
          const content = { id: `${ledger}/${String(round)}`, type, data: { ledger, n: round } };
          const occurredAt = new Date().toISOString();
          return { key: ledger, value: JSON.stringify({ ...content, occurredAt }) };
        });
        await stage.producer.send({ topic: name, messages });
        // The load, not a wait: faster would only measure how fast Temporal is.
        await sleep(20);
      }
    })();
    const first = await join();
    await eventually('one bridge has all', () => Promise.resolve(held(first) === 6));
    const [second, third] = [await join(), await join()];
    await eventually('three share', () => Promise.resolve(String(shares()) === '2,2,2'));
    const at = round;
    await eventually('they work together for a while', () => Promise.resolve(round > at + 50));
    await Promise.all([leave(second), leave(third)]);
    await eventually('one bridge has all again', () => Promise.resolve(held(first) === 6));
    feeding.abort();
    await feed;
    const expected = Array.from({ length: round }, (_, n) => n);
    for (const ledger of ledgers) {
      const entries = () => stage.client.workflow.getHandle(ledger).query(entriesQuery);
      await eventually(`${ledger} is complete`, async () => (await entries()).length >= round);
      expect(await entries()).toEqual(expected);
    }
  }, 240_000);
});
