import { EventEmitter } from 'node:events';
import type { Pool } from 'pg';
import { describe, expect, it } from 'vitest';
import { inTransaction } from '../src/transaction.js';
import { createHoldingStore } from '../src/bridges/holding/holding-store.js';

/** A connection that tells of its own loss while it is lent out, as pg does between two queries. */
class LostConnection extends EventEmitter {
  readonly released: unknown[] = [];
  heard = 0;

  query(): Promise<unknown> {
    // Without a listener this would end the process.
    this.heard += this.emitLoss() ? 1 : 0;
    return Promise.reject(new Error('connection lost'));
  }

  release(broken: unknown): void {
    this.released.push(broken);
  }

  emitLoss(): boolean {
    return this.listenerCount('error') > 0 && this.emit('error', new Error('read ECONNRESET'));
  }
}

function poolOf(connection: LostConnection): Pool {
  return { connect: () => Promise.resolve(connection) } as unknown as Pool;
}

describe('a connection that is lost while it is lent out', () => {
  it('fails the transaction of an activity, and not the process', async () => {
    const connection = new LostConnection();
    const work = inTransaction(poolOf(connection), () => Promise.resolve());
    await expect(work).rejects.toThrow('connection lost');
    expect(connection.heard).toBeGreaterThan(0);
    expect(connection.released).toEqual([expect.any(Error)]);
    expect(connection.listenerCount('error')).toBe(0);
  });

  it('fails the transaction of the holding store, and not the process', async () => {
    const connection = new LostConnection();
    const place = { topic: 't', generation: '0', partition: 0 };
    const claim = createHoldingStore(poolOf(connection)).claim('g', [place]);
    await expect(claim).rejects.toThrow('connection lost');
    expect(connection.heard).toBeGreaterThan(0);
    expect(connection.listenerCount('error')).toBe(0);
  });
});
