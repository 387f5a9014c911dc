/** Temporal's native runtime, one a process: its log lines go into ours, its metrics into `/metrics`. */
import { createServer } from 'node:net';
import { DefaultLogger, type LogLevel, Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';

const levels: Record<LogLevel, 'trace' | 'debug' | 'info' | 'warn' | 'error'> = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
};

/** Reads the SDK's metrics as Prometheus' text: its own as `temporal_…`, those of workflows as named. */
export type SdkMetrics = () => Promise<string>;

/** Sends the SDK's own log lines to `log`: call once per process, before anything connects. */
export function installRuntime(log: Logger): void {
  install(log, {});
}

/**
 * The same, with metrics. The SDK exports them only through a server of its own; it listens on the
 * loopback address, and what it says is served on.
 */
export async function installMeteredRuntime(log: Logger): Promise<SdkMetrics> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  const prometheus = { bindAddress, countersTotalSuffix: true, useSecondsForDurations: true };
  install(log, { telemetryOptions: { metrics: { prometheus } } });
  return async () => {
    const answer = await fetch(`http://${bindAddress}/metrics`, {
      signal: AbortSignal.timeout(2_000),
    });
    return answer.text();
  };
}

function install(log: Logger, more: Partial<Parameters<typeof Runtime.install>[0]>): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      log[levels[level]]({ part: 'temporal', ...meta }, message);
    }),
    ...more,
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
