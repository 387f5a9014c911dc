/** How connections to Postgres are opened, and noticed to be dead. */
import type { PoolConfig } from 'pg';

/**
 * A server that does not take us, or that vanishes without a word, is given up; so is the wait for
 * a connection, should all be in use. Queries have no limit here: a report may take long. Whoever
 * must not wait for ever limits its own, as the holding store does.
 */
export function poolSettings(connectionString: string): PoolConfig {
  return {
    connectionString,
    connectionTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}
