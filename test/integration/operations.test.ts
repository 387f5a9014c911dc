/** What operators see of the real processes: metrics, health, and readiness in an outage. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventsSignal, paymentRecoveryId } from '../../src/workflows/index.js';
import { environmentOf, type Headrace, headrace, headraceSays } from '../support/headrace.js';
import { eventually, openSite, type Site } from '../support/site.js';

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(typeof address === 'object' ? address?.port : 0);
}

describe('bridge and worker with a port for operators', () => {
  const addresses = inject('addresses');
  const running = new Map<string, Headrace>();
  const urls = { bridge: '', worker: '' };
  let site: Site;

  const start = async (part: 'bridge' | 'worker'): Promise<void> => {
    const port = await freePort();
    urls[part] = `http://127.0.0.1:${port}`;
    const env = environmentOf(addresses, {
      HEADRACE_GROUP: 'headrace-test',
      PAYMENT_GATEWAY_URL: site.gateway.url,
      HEADRACE_HTTP_PORT: port,
    });
    running.set(part, await headrace([part], env));
  };
  const get = (
    part: 'bridge' | 'worker',
    path: string,
  ): Promise<{ status: number; text: string }> =>
    fetch(`${urls[part]}${path}`).then(
      async (answer) => ({ status: answer.status, text: await answer.text() }),
      () => ({ status: 0, text: 'does not answer' }),
    );
  const control = (what: 'freeze' | 'thaw', part: 'temporal' | 'kafka' = 'temporal') =>
    fetch(`${inject('stackControl')}/${what}/${part}`, { method: 'POST' });

  beforeAll(async () => {
    site = await openSite(addresses);
    await Promise.all([start('bridge'), start('worker')]);
  });
  afterAll(async () => {
    await Promise.all([...running.values()].map((one) => one.stop()));
    await site.close();
  });

  it('both become ready', async () => {
    for (const part of ['bridge', 'worker'] as const) {
      await eventually(`${part} to be ready`, async () => {
        return (await get(part, '/readyz')).status === 200;
      });
      expect(JSON.parse((await get(part, '/readyz')).text)).toEqual({
        status: 'ok',
        checks: { [part]: 'ok', temporal: 'ok' },
      });
    }
  });

  it('what the bridge decides is counted, and the SDK of the worker is heard', async () => {
    const paymentId = `${site.name}-1`;
    await site.publish('payment.failed', paymentId, {
      ...{ paymentId, orderId: `${site.name}-o`, customerEmail: 'ada@example.com' },
      ...{ amount: '10.00', currency: 'EUR', cardToken: 'tok_ok', declineCode: 'do_not_honor' },
    });
    const counted =
      /headrace_decisions_total\{route="recover-failed-payment",kind="signalled",reason=""\} 1/;
    await eventually('the decision to be counted', async () => {
      return counted.test((await get('bridge', '/metrics')).text);
    });
    await eventually('the SDK to tell of a workflow task', async () => {
      const { text } = await get('worker', '/metrics');
      return /^temporal_workflow_task_execution_latency\w*_count\{.*\} \d/m.test(text);
    });
    const { text } = await get('bridge', '/metrics');
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
    expect(text).not.toContain(paymentId);
  });

  it('what an inbox drops because it came again is counted by the worker', async () => {
    const paymentId = `${site.name}-1`;
    const event = {
      ...{ id: randomUUID(), type: 'card.updated', occurredAt: new Date().toISOString() },
      position: { source: 'test', at: '1' },
      data: { paymentId, cardToken: 'tok_other' },
    };
    const run = site.client.workflow.getHandle(paymentRecoveryId(paymentId));
    for (const twice of [event, event]) await run.signal(eventsSignal, [twice]);
    await eventually('the repetition to be counted', async () => {
      const { text } = await get('worker', '/metrics');
      return /^headrace_inbox_duplicates_total\{.*\} 1$/m.test(text);
    });
  });

  it('while Temporal is away both are alive and not ready; afterwards ready again', async () => {
    await control('freeze');
    try {
      for (const part of ['bridge', 'worker'] as const) {
        const { status, text } = await get(part, '/readyz');
        expect(status).toBe(503);
        expect(JSON.parse(text)).toMatchObject({ checks: { [part]: 'ok' } });
        expect((await get(part, '/healthz')).status).toBe(200);
      }
    } finally {
      await control('thaw');
    }
    for (const part of ['bridge', 'worker'] as const) {
      await eventually(`${part} to be ready again`, async () => {
        return (await get(part, '/readyz')).status === 200;
      });
    }
  });

  it('SIGTERM while Kafka does not answer: the bridge ends within its time all the same', async () => {
    const bridge = running.get('bridge');
    await control('freeze', 'kafka');
    try {
      const before = performance.now();
      expect(await bridge?.stop()).toBe(0);
      expect(performance.now() - before).toBeLessThan(12_500);
    } finally {
      await control('thaw', 'kafka');
    }
  });

  it('a bridge that finds no Kafka at launch says so, and ends with 1', async () => {
    const port = await freePort();
    const env = environmentOf(addresses, { KAFKA_BROKERS: `127.0.0.1:${port}` });
    const { code, error } = await headraceSays(['bridge'], env);
    expect(error).toMatch(new RegExp(`headrace: kafka: no broker answers: .*:${port}`));
    expect(code).toBe(1);
  });

  it('one that is told to stop while it looks for Kafka ends with 0', async () => {
    const [kafka, http] = [await freePort(), await freePort()];
    const brokers = { KAFKA_BROKERS: `127.0.0.1:${kafka}`, HEADRACE_HTTP_PORT: http };
    const bridge = await headrace(['bridge'], environmentOf(addresses, brokers));
    running.set('launching', bridge);
    await eventually('the bridge to start', () =>
      fetch(`http://127.0.0.1:${http}/readyz`).then(
        async (answer) => (await answer.text()).includes('starting'),
        () => false,
      ),
    );
    expect(await bridge.stop()).toBe(0);
  });
});
