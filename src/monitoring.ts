/** What a process tells its operators: metrics and health over HTTP, where a port is set. */
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Bridge } from './bridge.js';
import { heldSummary } from './bridges/holding/held-summary.js';
import { bridgeMetrics } from './bridges/metrics.js';
import { type Observer, silent, standstillOf } from './bridges/engine/observer.js';
import type { Config } from './config.js';
import { type Check, serveOperations } from './operations.js';
import { installMeteredRuntime, installRuntime } from './sdk-runtime.js';
import type { RunningWorker } from './worker.js';

/** What is looked at; each part from when it is there. */
export interface Watched {
  readonly client?: Client;
  readonly pool?: Pool;
  readonly bridge?: Bridge;
  readonly worker?: RunningWorker;
}

export type Part = 'bridge' | 'worker';

export interface Monitoring {
  /** Absent when no port is set: then nothing is counted either. */
  readonly url?: string;
  readonly observer: Observer;
  watch(more: Watched): void;
  close(): Promise<void>;
}

const off: Monitoring = {
  observer: silent,
  watch: () => undefined,
  close: () => Promise.resolve(),
};

/**
 * Installs Temporal's runtime and starts to serve: call it before anything connects. `parts` are what
 * this process is going to run; it is not ready until they do.
 */
export async function openMonitoring(
  config: Pick<Config, 'HEADRACE_GROUP' | 'HEADRACE_HTTP_HOST' | 'HEADRACE_HTTP_PORT'>,
  parts: readonly Part[],
  log: Logger,
): Promise<Monitoring> {
  const { HEADRACE_HTTP_HOST: host, HEADRACE_HTTP_PORT: port } = config;
  if (port === undefined) {
    installRuntime(log);
    return off;
  }
  const sdkMetrics = await installMeteredRuntime(log);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let watched: Watched = {};
  const observer = parts.includes('bridge')
    ? bridgeMetrics({
        registry,
        state: () => watched.bridge?.state(),
        held: () =>
          watched.pool === undefined
            ? Promise.resolve({ counts: [] })
            : heldSummary(watched.pool, config.HEADRACE_GROUP),
      })
    : silent;
  const operations = await serveOperations({
    ...{ host, port, registry, log },
    more: [sdkMetrics],
    alive: Object.fromEntries(parts.map((part) => [part, () => health(watched, part)])),
    ready: {
      ...Object.fromEntries(parts.map((part) => [part, () => readiness(watched, part)])),
      temporal: temporalCheck(() => watched.client),
    },
  });
  const watch = (more: Watched): void => {
    watched = { ...watched, ...more };
  };
  return { url: operations.url, observer, watch, close: () => operations.close() };
}

function health({ bridge, worker }: Watched, part: Part): string | undefined {
  if (part === 'bridge') return bridge?.haltedBy()?.message;
  return worker?.state() === 'FAILED' ? 'the worker died: see the log' : undefined;
}

function readiness({ bridge, worker }: Watched, part: Part): string | undefined {
  if (part === 'bridge') {
    if (bridge === undefined) return 'starting';
    const halted = bridge.haltedBy()?.message;
    if (halted !== undefined || !bridge.assigned()) return halted ?? 'no partitions yet';
    const state = bridge.state();
    return state === undefined ? undefined : standstillOf(state);
  }
  if (worker === undefined) return 'starting';
  return worker.state() === 'RUNNING' ? undefined : worker.state().toLowerCase();
}

function temporalCheck(client: () => Client | undefined): Check {
  return async () => {
    const { connection, workflowService } = client() ?? {};
    if (connection === undefined || workflowService === undefined) return 'starting';
    await connection.withDeadline(Date.now() + 2_000, () => workflowService.getSystemInfo({}));
    return undefined;
  };
}
