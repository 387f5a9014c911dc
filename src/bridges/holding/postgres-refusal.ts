/**
 * What Postgres refuses for good: credentials, rights, a database or tables that are not there, or
 * are older than we are. They hold for every record that is to be held, and no retry mends them; nor
 * does one mend what we cannot even ask. Pure.
 *
 * Source: Postgres' appendix "Error Codes"; `pg`, which fails by itself where a password is missing.
 */
const connection = 'check user, password and database in DATABASE_URL';
const tables =
  'make or change its tables: run `headrace prepare`, or call `ensureHoldingSchema(pool)`';
const ours = 'this should not be, and no retry mends it: please report it';

/** By SQLSTATE, or else by its class, the first two characters: what to do. */
const remedies: Readonly<Record<string, string>> = {
  '28000': connection,
  '28P01': connection,
  '3D000': connection,
  '42501':
    "grant our user the tables and sequences of the schema headrace, or be the schema's owner",
  // Tables, columns or functions that are not there; a schema that is not.
  '42': tables,
  '3F': tables,
  // Values that it cannot store.
  '22': ours,
};

/** What our own code throws, and neither Postgres nor a connection does. */
const faults = [TypeError, RangeError, SyntaxError, ReferenceError];

/** What a question to the store met with that no retry mends; undefined for any other error. */
export function storeRefusal(error: unknown): string | undefined {
  const isOurs = faults.some((fault) => error instanceof fault);
  return isOurs ? `held records: ${String(error)}: ${ours}` : postgresRefusal(error);
}

/** What was refused and what to do, without secrets; undefined for any other error. */
export function postgresRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const state = /^[0-9A-Z]{5}$/.test(code) ? code : '';
  const remedy = /^SASL: /.test(error.message)
    ? connection
    : (remedies[state] ?? remedies[state.slice(0, 2)]);
  if (remedy === undefined) return undefined;
  const told = code === '' ? error.message : `${error.message} (${code})`;
  return `postgres: it refuses us: ${told}: ${remedy}`;
}
