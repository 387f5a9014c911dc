/** The demo gateway over HTTP. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../../demo/gateway.js';

const charge = { paymentId: 'pay-1', amount: '249.99', currency: 'EUR', cardToken: 'tok_ok' };

describe('gateway', () => {
  const open: TestGateway[] = [];
  const folders: string[] = [];

  afterEach(async () => {
    await Promise.all(open.splice(0).map((gateway) => gateway.stop()));
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  });

  async function start(path?: string): Promise<TestGateway> {
    const gateway = await startGateway(path === undefined ? {} : { path });
    open.push(gateway);
    return gateway;
  }

  async function post({ url }: TestGateway, path: string, body: object, key?: string) {
    const headers = {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    };
    const response = await fetch(url + path, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: await response.json() };
  }

  const pay = (gateway: TestGateway, key: string, of: Partial<typeof charge> = {}) =>
    post(gateway, '/charges', { ...charge, ...of }, key);

  it.each([
    ['tok_ok', 200, undefined],
    ['tok_insufficient', 402, 'insufficient_funds'],
    ['tok_expired', 402, 'expired_card'],
    ['tok_stolen', 402, 'stolen_card'],
    ['tok_processing_error', 402, 'processing_error'],
    ['tok_unknown_reason', 402, 'reason_42'],
  ])('%s is answered with %i %s', async (cardToken, status, declineCode) => {
    const gateway = await start();
    const expected =
      declineCode === undefined
        ? { status: 'succeeded', chargeId: 'ch_k' }
        : { status: 'declined', declineCode };
    expect(await pay(gateway, 'k', { cardToken })).toEqual({ status, answer: expected });
  });

  it.each([
    ['tok_insufficient_then_ok', [402, 402, 200, 200]],
    ['tok_error_then_ok', [402, 200]],
  ])('%s: %j, counted per payment, and repeats count once', async (cardToken, statuses) => {
    const gateway = await start();
    const seen: number[] = [];
    for (const [n] of statuses.entries()) {
      seen.push((await pay(gateway, `k/${String(n)}`, { cardToken })).status);
      await pay(gateway, `k/${String(n)}`, { cardToken });
    }
    expect(seen).toEqual(statuses);
    expect((await pay(gateway, 'other', { cardToken, paymentId: 'pay-2' })).status).toBe(402);
  });

  it('answers a key the same for ever, and refuses it for another charge', async () => {
    const gateway = await start();
    const first = await pay(gateway, 'a/1');
    expect(await pay(gateway, 'a/1')).toEqual(first);
    expect((await pay(gateway, 'a/1', { amount: '1.00' })).status).toBe(422);
    const known = await fetch(`${gateway.url}/charges/a%2F1`);
    expect(await known.json()).toEqual({ status: 'succeeded', chargeId: 'ch_a/1', requests: 3 });
    expect((await fetch(`${gateway.url}/charges/none`)).status).toBe(404);
  });

  it('an abandoned key takes no money; one that took it says so', async () => {
    const gateway = await start();
    const abandon = (key: string) => post(gateway, `/charges/${key}/abandon`, {});
    await pay(gateway, 'paid');
    expect((await abandon('paid')).answer).toEqual({ status: 'succeeded' });
    expect((await abandon('unseen')).answer).toEqual({ status: 'abandoned' });
    expect((await abandon('unseen')).answer).toEqual({ status: 'abandoned' });
    expect((await pay(gateway, 'unseen')).status).toBe(409);
  });

  it.each([
    ['no key', {}, undefined],
    ['no amount', { amount: 'much' }, 'k'],
    ['an unknown card', { cardToken: 'tok_nobody' }, 'k'],
  ])('refuses a charge with %s', async (_, of, key) => {
    const gateway = await start();
    expect((await post(gateway, '/charges', { ...charge, ...of }, key)).status).toBe(400);
  });

  it('is slow and down when told so, by HTTP as well', async () => {
    const gateway = await start();
    await post(gateway, '/control', { outage: true });
    expect((await pay(gateway, 'k')).status).toBe(503);
    gateway.control({ outage: false, latencyMs: 60 });
    const before = Date.now();
    expect((await pay(gateway, 'k')).status).toBe(200);
    expect(Date.now() - before).toBeGreaterThanOrEqual(55);
    expect(gateway.charge('k')?.requests).toBe(1);
    expect((await post(gateway, '/control', { latencyMs: -1 })).status).toBe(400);
  });

  it('remembers its answers over a restart, and over a line that was cut off', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headrace-gateway-'));
    folders.push(folder);
    const path = join(folder, 'deep', 'gateway.jsonl');
    const first = await start(path);
    const answer = await pay(first, 'k');
    await first.stop();
    await writeFile(path, `${await readFile(path, 'utf8')}{"key":"half`);
    const second = await start(path);
    expect(await pay(second, 'k')).toEqual(answer);
    await pay(second, 'next');
    await second.stop();
    expect((await start(path)).charge('next')?.answer.status).toBe('succeeded');
  });
});
