/**
 * What Postgres refuses for good: credentials, rights, a database that is not there. They hold for
 * every record that is to be held, and no retry mends them. Pure.
 *
 * Source: Postgres' appendix "Error Codes"; `pg`, which fails by itself where a password is missing.
 */
const connection = 'check user, password and database in DATABASE_URL';

/** By SQLSTATE: what to do. */
const remedies: Readonly<Record<string, string>> = {
  '28000': connection,
  '28P01': connection,
  '3D000': connection,
  '42501':
    "grant our user the tables and sequences of the schema headrace, or be the schema's owner",
};

/** What was refused and what to do, without secrets; undefined for any other error. */
export function postgresRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const remedy = /^SASL: /.test(error.message) ? connection : remedies[code];
  if (remedy === undefined) return undefined;
  const told = code === '' ? error.message : `${error.message} (${code})`;
  return `postgres: it refuses us: ${told}: ${remedy}`;
}
