/** One transaction on one connection of a pool. */
import type { PoolClient } from 'pg';

/** A connection that is lent out. */
type Lent = Pick<PoolClient, 'release' | 'on' | 'off'> & { query(text: string): Promise<unknown> };

/** Commits what `work` did when it resolves, undoes it when it rejects. @throws what `work` does. */
export async function inTransaction<T, Client extends Lent = PoolClient>(
  pool: { connect(): Promise<Client> },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // A loss between two queries is told by an event, which without a listener ends the process.
  const lose = (error: Error): void => {
    broken = error;
  };
  client.on('error', lose);
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((rollback: unknown) => {
      // A connection that cannot roll back must not serve anybody else.
      broken = rollback instanceof Error ? rollback : new Error(String(rollback));
    });
    throw error;
  } finally {
    client.release(broken);
    client.off('error', lose);
  }
}
