import { createServer, type Server } from 'node:net';
import { pino } from 'pino';
import { Counter, Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError } from '../src/config.js';
import { type Operations, type OperationsOptions, serveOperations } from '../src/operations.js';

let running: Operations | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function get(
  path: string,
  options: Partial<OperationsOptions> = {},
): Promise<{ status: number; type: string; text: string }> {
  const log = pino({ level: 'silent' });
  const registry = new Registry();
  running = await serveOperations({
    ...{ host: '127.0.0.1', port: 0, registry, alive: {}, ready: {}, log },
    ...options,
  });
  const answer = await fetch(`${running.url}${path}`);
  const type = answer.headers.get('content-type') ?? '';
  return { status: answer.status, type, text: await answer.text() };
}

describe('/metrics', () => {
  const registry = new Registry();
  new Counter({ name: 'headrace_test_total', help: 'A test.', registers: [registry] }).inc();

  test('is what Prometheus reads, ours and others together', async () => {
    const more = [() => Promise.resolve('temporal_request 3\n')];
    const { status, type, text } = await get('/metrics', { registry, more });
    expect(status).toBe(200);
    expect(type).toContain('version=0.0.4');
    expect(text.split('\n')).toEqual(
      expect.arrayContaining(['headrace_test_total 1', 'temporal_request 3']),
    );
  });

  test('O2: a source that fails is left out', async () => {
    const more = [() => Promise.reject(new Error('away'))];
    const { status, text } = await get('/metrics', { registry, more });
    expect(status).toBe(200);
    expect(text).toContain('headrace_test_total 1');
  });
});

describe.each(['/healthz', '/readyz'] as const)('%s', (path) => {
  const part = path === '/healthz' ? 'alive' : 'ready';

  test('200 while all holds', async () => {
    const { status, text } = await get(path, { [part]: { bridge: () => undefined } });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ status: 'ok', checks: { bridge: 'ok' } });
  });

  test('503, and in words, when one thing does not hold', async () => {
    const checks = {
      bridge: () => 'no partitions yet',
      temporal: () => Promise.resolve(undefined),
    };
    const { status, text } = await get(path, { [part]: checks });
    expect(status).toBe(503);
    expect(JSON.parse(text)).toMatchObject({
      status: 'failing',
      checks: { bridge: 'no partitions yet', temporal: 'ok' },
    });
  });

  test('a check that throws is one that does not hold', async () => {
    const checks = { temporal: () => Promise.reject(new Error('14 UNAVAILABLE')) };
    const { status, text } = await get(path, { [part]: checks });
    expect(status).toBe(503);
    expect(text).toContain('14 UNAVAILABLE');
  });
});

test('O1: what is not ready is alive all the same', async () => {
  const ready = { temporal: () => 'away' };
  expect((await get('/healthz', { ready })).status).toBe(200);
});

test('a port that is taken is told as a matter of configuration', async () => {
  const other = await new Promise<Server>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      resolve(server);
    });
  });
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    const refused = get('/metrics', { port });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(`HEADRACE_HTTP_PORT`);
  } finally {
    other.close();
  }
});
