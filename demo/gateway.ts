/**
 * A payment gateway for demos and tests. What it answers depends on the card alone:
 *
 *   tok_ok                     succeeds
 *   tok_insufficient           declined: insufficient_funds
 *   tok_insufficient_then_ok   declined twice per payment, then succeeds
 *   tok_expired                declined: expired_card
 *   tok_stolen                 declined: stolen_card
 *   tok_processing_error       declined: processing_error
 *   tok_error_then_ok          declined once per payment (processing_error), then succeeds
 *   tok_unknown_reason         declined: reason_42, a code nobody knows
 *   any other                  refused with 400
 *
 * G1 A key has one answer for ever; with another body it is refused (422).
 * G2 A key that is abandoned takes no money any more; one that took it already says so.
 */
import Fastify, { type FastifyInstance } from 'fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Entry, Ledger } from './ledger.js';

export interface GatewayOptions {
  /** Default: the loopback interface. */
  readonly host?: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** A file of JSON lines that keeps the answers; without it they live as long as the process. */
  readonly path?: string;
}

export interface GatewayControl {
  /** How long every answer takes, in ms. */
  readonly latencyMs?: number | undefined;
  /** While true, every charge is answered with 503. */
  readonly outage?: boolean | undefined;
}

export interface TestGateway {
  readonly url: string;
  control(change: GatewayControl): void;
  /** What is known of a key. */
  charge(key: string): Entry | undefined;
  stop(): Promise<void>;
}

const request = z.object({
  paymentId: z.string().min(1),
  amount: z.string().regex(/^\d+(\.\d+)?$/),
  currency: z.string().length(3),
  cardToken: z.string().min(1),
});
const control = z.object({
  latencyMs: z.number().int().min(0).optional(),
  outage: z.boolean().optional(),
});
const keyed = z.object({ key: z.string().min(1) });

const cards = new Map<string, (declinesBefore: number) => string | undefined>([
  ['tok_ok', () => undefined],
  ['tok_insufficient', () => 'insufficient_funds'],
  ['tok_insufficient_then_ok', (before) => (before < 2 ? 'insufficient_funds' : undefined)],
  ['tok_expired', () => 'expired_card'],
  ['tok_stolen', () => 'stolen_card'],
  ['tok_processing_error', () => 'processing_error'],
  ['tok_error_then_ok', (before) => (before < 1 ? 'processing_error' : undefined)],
  ['tok_unknown_reason', () => 'reason_42'],
]);

/** Starts the gateway. Resolves when it listens. */
export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const ledger = new Ledger(options.path);
  let state = { latencyMs: 0, outage: false };
  const change = ({ latencyMs, outage }: GatewayControl): void => {
    state = { latencyMs: latencyMs ?? state.latencyMs, outage: outage ?? state.outage };
  };
  const app = Fastify();
  app.post('/control', (call, reply) => {
    const wanted = control.safeParse(call.body);
    if (!wanted.success) return reply.code(400).send({ error: wanted.error.message });
    change(wanted.data);
    return state;
  });
  app.addHook('preHandler', async (call, reply) => {
    if (!call.url.startsWith('/charges')) return;
    if (state.latencyMs > 0) await sleep(state.latencyMs);
    if (state.outage) await reply.code(503).send({ error: 'outage' });
  });
  app.get('/health', () => ({ healthy: true }));
  serveCharges(app, ledger);
  const url = await app.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  return {
    url,
    control: change,
    charge: (key) => ledger.find(key),
    stop: () => app.close(),
  };
}

function serveCharges(app: FastifyInstance, ledger: Ledger): void {
  app.post('/charges', (call, reply) => {
    const key = call.headers['idempotency-key'];
    const body = request.safeParse(call.body);
    if (typeof key !== 'string' || key === '' || !body.success) {
      return reply.code(400).send({ error: 'a charge needs an idempotency-key and a valid body' });
    }
    const { paymentId, cardToken } = body.data;
    const decide = cards.get(cardToken);
    if (decide === undefined) return reply.code(400).send({ error: `unknown card ${cardToken}` });
    const known = ledger.ask(key);
    if (known?.answer.status === 'abandoned') return reply.code(409).send(known.answer);
    const text = JSON.stringify(body.data);
    if (known !== undefined && known.body !== text) {
      return reply.code(422).send({ error: 'this key was used for another charge' });
    }
    const entry = known ?? ledger.charge(key, paymentId, cardToken, text, decide);
    return reply.code(entry.answer.status === 'succeeded' ? 200 : 402).send(entry.answer);
  });
  app.get('/charges/:key', (call, reply) => {
    const entry = ledger.find(keyed.parse(call.params).key);
    if (entry === undefined) return reply.code(404).send({ error: 'no such charge' });
    return { ...entry.answer, requests: entry.requests };
  });
  app.post('/charges/:key/abandon', (call) => {
    const { answer } = ledger.abandon(keyed.parse(call.params).key);
    // G2: a decline took no money, and its key never will.
    return { status: answer.status === 'succeeded' ? 'succeeded' : 'abandoned' };
  });
}
