/**
 * Shell: Postgres as the holding store asks it: there is an answer within a limit, or the question
 * has failed and can be asked again. A server that vanished without a word would else be waited for
 * for ever.
 *
 * P1 A connection that did not answer in time serves nobody any more.
 * P2 The server ends a transaction of which it hears nothing more: what it has locked would keep the
 *    next claim waiting.
 *
 * The limit is that of each query and not of the pool: others may share it, and ask what takes long.
 */
import type { Pool, PoolClient, QueryResult } from 'pg';

/** The longest that an answer is waited for by default, ms. */
const answerMs = 30_000;

/** To be asked by text and values alone. @throws what Postgres says, or that it says nothing. */
export type Answering = Pick<PoolClient, 'query'>;

export type AnsweringClient = Answering & Pick<PoolClient, 'release' | 'on' | 'off'>;

export interface AnsweringPool extends Answering {
  /** Lends a connection. */
  connect(): Promise<AnsweringClient>;
  /** P2. Asked at the beginning of a transaction. */
  readonly limits: readonly [text: string, values: unknown[]];
}

type Ask = (text: string, values?: readonly unknown[]) => Promise<QueryResult>;

/** `pool`, each of whose answers comes within `limitMs`. */
export function answeringPool(pool: Pool, limitMs = answerMs): AnsweringPool {
  const limited = (text: string, values: readonly unknown[] = []) => ({
    ...{ text, values: [...values], query_timeout: limitMs },
  });
  const asking = (ask: Ask): PoolClient['query'] => ask as PoolClient['query'];
  return {
    query: asking((text, values) => inTime(pool.query(limited(text, values)), limitMs)),
    connect: async () => {
      const client = await lent(pool, limitMs);
      return {
        query: asking((text, values) => client.query(limited(text, values))),
        release: (broken) => {
          client.release(broken);
        },
        on: client.on.bind(client),
        off: client.off.bind(client),
      };
    },
    limits: [
      `select set_config('statement_timeout', $1, true),
         set_config('idle_in_transaction_session_timeout', $1, true)`,
      [String(limitMs)],
    ],
  };
}

/** The pool itself may wait for ever. */
async function lent(pool: Pool, limitMs: number): Promise<PoolClient> {
  const connecting = pool.connect();
  try {
    return await inTime(connecting, limitMs);
  } catch (error) {
    // It may still come, and belongs to whoever asks next.
    connecting.then(
      (client) => {
        client.release();
      },
      () => undefined,
    );
    throw error;
  }
}

async function inTime<T>(answer: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`postgres: no answer within ${String(limitMs)} ms`));
    }, limitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
