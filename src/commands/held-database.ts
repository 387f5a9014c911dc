/** The database of held records, for a command: opened, used, closed, and its failures in words. */
import pg from 'pg';
import { type Config, ConfigError, readConfig } from '../config.js';
import { databaseInUse } from './connection.js';

/** @throws ConfigError when there is no database, it does not answer, or it was not prepared. */
export async function withHeldDatabase<T>(
  work: (pool: pg.Pool, config: Config) => Promise<T>,
): Promise<T> {
  const config = readConfig(process.env);
  const connectionString = await databaseInUse(config);
  const pool = new pg.Pool({ connectionString, max: 2, connectionTimeoutMillis: 10_000 });
  // What breaks while idle shows at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  try {
    return await work(pool, config);
  } catch (error) {
    throw inWords(error, new URL(connectionString).host);
  } finally {
    await pool.end();
  }
}

function inWords(error: unknown, host: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === '42P01' || code === '3F000') {
    return new ConfigError(
      'dead-letters: this database has no held records: run `headrace prepare` first',
    );
  }
  const isSilent = error instanceof Error && /timeout/i.test(error.message);
  const isAway = isSilent || ['ECONNREFUSED', 'ENOTFOUND', '57P03'].includes(String(code));
  if (!isAway) return error;
  return new ConfigError(`dead-letters: Postgres does not answer at ${host}: see DATABASE_URL`);
}
