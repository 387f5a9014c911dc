/** Compressed batches, as Java's own producer writes them, are read like any other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { shopTopics } from '../../src/bridges/shop-topics.js';
import { readConfig } from '../../src/config.js';
import { jarFolder, javaCommand } from '../../src/stack/java.js';
import { eventually, exists, openSite, type Site } from '../support/site.js';

const perBatch = 40;

describe('compression', () => {
  const { kafkaBrokers } = inject('addresses');
  let site: Site;

  beforeAll(async () => {
    site = await openSite(inject('addresses'));
    await site.bridge();
  });
  afterAll(() => site.close());

  /** Sends lines `key|value` with Java's producer. */
  async function produce(codec: string, lines: readonly string[]): Promise<void> {
    const cache = resolve(readConfig(process.env).HEADRACE_CACHE);
    const [java, jars] = [await javaCommand(cache), await jarFolder(cache)];
    const args = ['-cp', join(jars, '*'), 'org.apache.kafka.tools.ConsoleProducer'];
    args.push('--bootstrap-server', kafkaBrokers.join(','), '--topic', shopTopics.events);
    args.push('--compression-codec', codec, '--property', 'parse.key=true');
    args.push('--property', 'key.separator=|');
    const producer = spawn(java, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    producer.stdin.end(`${lines.join('\n')}\n`);
    const [code] = (await once(producer, 'exit')) as [number | null];
    expect(code).toBe(0);
  }

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('%s', async (codec) => {
    const paymentIds = Array.from(
      { length: perBatch },
      (_, n) => `${site.name}-${codec}-${String(n)}`,
    );
    const lines = paymentIds.map((paymentId) => {
      const data = {
        ...{ paymentId, orderId: '77', customerEmail: 'bob@example.com', amount: '10.00' },
        ...{ currency: 'EUR', cardToken: 'tok_stolen', declineCode: 'stolen_card' },
      };
      const occurredAt = new Date().toISOString();
      const event = { id: paymentId, type: 'payment.failed', occurredAt, data };
      return `${paymentId}|${JSON.stringify(event)}`;
    });
    await produce(codec, lines);
    const handles = paymentIds.map((paymentId) =>
      site.client.workflow.getHandle(`payment-recovery:${paymentId}`),
    );
    for (const handle of handles) {
      await eventually(`a run of ${handle.workflowId}`, () => exists(handle));
    }
  });
});
