/**
 * HTTP for operators and orchestrators: `/metrics` for Prometheus, `/healthz` (restart me when this
 * fails), `/readyz` (count on me while this succeeds). It holds no secrets and takes no commands.
 *
 * O1 `/healthz` fails only for what a restart mends: a starved event loop, a part that is dead. An
 *    outage of Kafka or Temporal is waited for, so it shows in `/readyz` alone.
 * O2 A scrape succeeds with what can be read; a source that does not answer is left out.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { fastify, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { ConfigError } from './config.js';

/** Resolves with `undefined` when it holds, else with what is missing, in words. */
export type Check = () => string | undefined | Promise<string | undefined>;

export interface OperationsOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly registry: Registry;
  /** More metrics as Prometheus' text, under names of their own. */
  readonly more?: readonly (() => Promise<string>)[];
  readonly alive: Readonly<Record<string, Check>>;
  readonly ready: Readonly<Record<string, Check>>;
  readonly log: Logger;
}

export interface Operations {
  readonly url: string;
  close(): Promise<void>;
}

/** Typically this late, timers mean that nothing else gets its turn either. */
const starvedMs = 1_000;

/**
 * Starts to serve.
 * @throws ConfigError when the port is taken or the host is none of this machine.
 */
export async function serveOperations(options: OperationsOptions): Promise<Operations> {
  const { registry, more = [], log } = options;
  const delay = monitorEventLoopDelay();
  delay.enable();
  // A scraper keeps its connection open: that must not hold up a stop.
  const server = fastify({ forceCloseConnections: true });
  server.get('/metrics', async (_request, reply) => {
    const texts = await Promise.all([registry.metrics(), ...more.map((read) => textOf(read, log))]);
    return reply.type(registry.contentType).send(texts.filter((text) => text !== '').join('\n'));
  });
  server.get('/healthz', async (_request, reply) =>
    answer(reply, { 'event loop': () => starvation(delay), ...options.alive }),
  );
  server.get('/readyz', async (_request, reply) => answer(reply, options.ready));
  const url = await listen(server, options);
  // It tells of a process, and must not be what keeps it alive.
  server.server.unref();
  const close = async (): Promise<void> => {
    delay.disable();
    await server.close();
  };
  return { url, close };
}

async function listen(
  server: { listen(at: { host: string; port: number }): Promise<string> },
  { host, port }: OperationsOptions,
): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      `config: HEADRACE_HTTP_HOST, HEADRACE_HTTP_PORT: cannot listen on ${host}:${port} (${why}): ` +
        'choose another, or leave the port out',
      { cause },
    );
  }
}

async function answer(
  reply: FastifyReply,
  checks: Readonly<Record<string, Check>>,
): Promise<FastifyReply> {
  const pairs = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await resultOf(check)] as const),
  );
  const holds = pairs.every(([, problem]) => problem === undefined);
  return reply.code(holds ? 200 : 503).send({
    status: holds ? 'ok' : 'failing',
    checks: Object.fromEntries(pairs.map(([name, problem]) => [name, problem ?? 'ok'])),
  });
}

async function resultOf(check: Check): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Looks at the time since it was asked last. */
function starvation(delay: IntervalHistogram): string | undefined {
  const medianMs = delay.percentile(50) / 1e6;
  delay.reset();
  return medianMs > starvedMs
    ? `starved: timers fire ${medianMs.toFixed(0)} ms late, typically`
    : undefined;
}

async function textOf(read: () => Promise<string>, log: Logger): Promise<string> {
  try {
    return await read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.debug({ part: 'operations', error: reason }, 'a source of metrics does not answer');
    return '';
  }
}
