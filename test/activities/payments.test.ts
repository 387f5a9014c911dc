/** Charging through the demo gateway, in a made-up activity context. */
import { createServer } from 'node:http';
import { MockActivityEnvironment } from '@temporalio/testing';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startGateway, type TestGateway } from '../../demo/gateway.js';
import { type ChargeRequest, createPayments } from '../../src/activities/payments.js';

const charge: ChargeRequest = {
  key: 'payment-recovery:pay-1/1',
  paymentId: 'pay-1',
  amount: '249.99',
  currency: 'EUR',
  cardToken: 'tok_ok',
};

/** The context of an activity, which keeps its log to itself. */
function aContext(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

describe('charging', () => {
  let gateway: TestGateway;
  const effects: unknown[] = [];
  let standing: { payment: string; order: string } | undefined;
  let booksAreAway = false;
  const pool = {
    query: (text: string, values: readonly unknown[]) => {
      if (text.startsWith('select')) {
        if (booksAreAway) return Promise.reject(new Error('ECONNREFUSED'));
        return Promise.resolve({ rows: standing === undefined ? [] : [standing] });
      }
      effects.push(values[0]);
      return Promise.resolve({ rowCount: 1 });
    },
  } as unknown as Pool;

  beforeEach(async () => {
    effects.length = 0;
    standing = undefined;
    booksAreAway = false;
    gateway = await startGateway();
  });

  afterEach(() => gateway.stop());

  function chargeAt(url: string, of: Partial<ChargeRequest> = {}) {
    const payments = createPayments({ pool, gateway: { url, token: 'secret' } });
    return aContext().run(() => payments.chargeCard({ ...charge, ...of }));
  }

  /** A gateway that has one answer to everything. */
  async function answering(status: number, body: string): Promise<string> {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    onTestFinished(() => {
      server.close();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return `http://127.0.0.1:${String(port)}`;
  }

  const failureOf = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.fail('it did not fail'),
      (error: unknown) => {
        expect(error).toBeInstanceOf(ApplicationFailure);
        const { type, nonRetryable } = error as ApplicationFailure;
        return { type, nonRetryable };
      },
    );

  it('charges once per key, and leaves a witness', async () => {
    const outcome = await chargeAt(gateway.url);
    expect(outcome).toEqual({ status: 'succeeded', chargeId: `ch_${charge.key}` });
    expect(await chargeAt(gateway.url)).toEqual(outcome);
    expect(gateway.charge(charge.key)?.requests).toBe(2);
    expect(effects).toEqual([`charge/${charge.key}`, `charge/${charge.key}`]);
  });

  it.each([
    ['succeeded', 'confirmed', 'paid'],
    ['failed', 'cancelled', 'order-cancelled'],
    ['cancelled', 'confirmed', 'order-cancelled'],
  ])('what is not owed is not charged: payment %s, order %s', async (payment, order, because) => {
    standing = { payment, order };
    expect(await chargeAt(gateway.url)).toEqual({ status: 'not-owed', because });
    expect(gateway.charge(charge.key)).toBeUndefined();
  });

  it('what is owed is charged; without books nothing is', async () => {
    booksAreAway = true;
    const unavailable = { type: 'BooksUnavailable', nonRetryable: false };
    expect(await failureOf(chargeAt(gateway.url))).toEqual(unavailable);
    expect(gateway.charge(charge.key)).toBeUndefined();
    booksAreAway = false;
    standing = { payment: 'failed', order: 'confirmed' };
    expect(await chargeAt(gateway.url)).toMatchObject({ status: 'succeeded' });
  });

  it('a decline is a value', async () => {
    expect(await chargeAt(gateway.url, { cardToken: 'tok_expired' })).toEqual({
      status: 'declined',
      declineCode: 'expired_card',
    });
    expect(effects).toEqual([]);
  });

  it('an outage and silence are worth another try', async () => {
    const unavailable = { type: 'GatewayUnavailable', nonRetryable: false };
    gateway.control({ outage: true });
    expect(await failureOf(chargeAt(gateway.url))).toEqual(unavailable);
    const { url } = gateway;
    await gateway.stop();
    expect(await failureOf(chargeAt(url))).toEqual(unavailable);
  });

  it('a refusal is final', async () => {
    const refused = { type: 'GatewayRefused', nonRetryable: true };
    expect(await failureOf(chargeAt(gateway.url, { cardToken: 'tok_nobody' }))).toEqual(refused);
    await chargeAt(gateway.url);
    expect(await failureOf(chargeAt(gateway.url, { amount: '1.00' }))).toEqual(refused);
  });

  it.each(['<html>', '{"status":"perhaps"}', '{"status":"declined"}'])(
    'an answer that says nothing leaves the outcome open: %s',
    async (body) => {
      const failure = await failureOf(chargeAt(await answering(200, body)));
      expect(failure.type).toBe('GatewayUnavailable');
    },
  );

  it.each([401, 403, 404, 409, 429])('%i says nothing about the money', async (status) => {
    const url = await answering(status, '{"error":"no"}');
    const unavailable = { type: 'GatewayUnavailable', nonRetryable: false };
    expect(await failureOf(chargeAt(url))).toEqual(unavailable);
  });

  it.each([400, 401, 404, 422, 503])(
    'an abandonment answered with %i is asked for again',
    async (status) => {
      const payments = createPayments({ pool, gateway: { url: await answering(status, 'no') } });
      const abandoning = aContext().run(() => payments.abandonCharge({ key: 'a/1' }));
      const unavailable = { type: 'GatewayUnavailable', nonRetryable: false };
      expect(await failureOf(abandoning)).toEqual(unavailable);
    },
  );

  it('ends the request when the activity is cancelled', async () => {
    gateway.control({ latencyMs: 1_000 });
    const context = aContext();
    const payments = createPayments({ pool, gateway });
    const running = context.run(() => payments.chargeCard(charge)).catch((error: unknown) => error);
    context.cancel();
    expect(String(await running)).toMatch(/Cancel/);
  });

  it('abandons a key before or after it was charged', async () => {
    const payments = createPayments({ pool, gateway });
    const abandon = (key: string) => aContext().run(() => payments.abandonCharge({ key }));
    expect(await abandon('a/1')).toEqual({ status: 'abandoned' });
    expect((await failureOf(chargeAt(gateway.url, { key: 'a/1' }))).type).toBe('GatewayRefused');
    await chargeAt(gateway.url);
    expect(await abandon(charge.key)).toEqual({ status: 'succeeded' });
  });
});
