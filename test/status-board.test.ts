import type { Client } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../src/bridges/engine/engine-ports.js';
import { StatusBoard } from '../src/status-board.js';

/** A Temporal in which every run is known: odd ones wait, even ones have been recovered. */
const asked: string[] = [];
const client = {
  workflow: {
    getHandle: (id: string) => ({
      describe: () => {
        asked.push(id);
        return Promise.resolve({ status: { name: /[13579]$/.test(id) ? 'RUNNING' : 'COMPLETED' } });
      },
      result: () => Promise.resolve({ outcome: 'recovered' }),
      query: () =>
        Promise.resolve({ currentDetails: '## Waiting\n\n**Payment** of order 7 was declined.' }),
    }),
  },
} as unknown as Client;

const decision = (kind: Outcome['kind'], workflowId?: string) =>
  ({
    kind,
    route: 'a-route',
    record: { topic: 'shop.events', partition: 4, offset: '17' },
    ...(workflowId === undefined ? {} : { workflowId, eventType: 'payment.failed' }),
    ...(kind === 'dead-lettered' ? { reason: 'undecodable-json' } : {}),
  }) as Outcome;

async function boardOf(runs: number): Promise<StatusBoard> {
  const board = new StatusBoard(client);
  for (let n = 1; n <= runs; n += 1) {
    board.decided(decision('started', `payment-recovery:pay-${String(n)}`));
  }
  board.decided(decision('ignored'));
  board.decided(decision('dead-lettered'));
  await board.refresh();
  return board;
}

describe('the status board', () => {
  it('tells counts, each run in words, and what could not be read', async () => {
    const text = (await boardOf(2)).render({ columns: 140, rows: 24 }).join('\n');
    expect(text).toContain('started 2   signalled 0   ignored 1   dead-lettered 1');
    expect(text).toContain('payment.failed 2');
    expect(text).toMatch(/pay-1 +payment.failed +1 +running +Waiting: Payment of order 7 was/);
    expect(text).toMatch(/pay-2 +payment.failed +1 +completed +recovered/);
    expect(text).toContain('dead letter shop.events/4/17: undecodable-json');
  });

  it.each([
    { columns: 80, rows: 24 },
    { columns: 100, rows: 12 },
    { columns: 200, rows: 60 },
  ])('fits into $columns × $rows, the latest runs last', async (size) => {
    const lines = (await boardOf(99)).render(size);
    expect(lines.length).toBeLessThanOrEqual(size.rows);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(size.columns);
    expect(lines.at(-2)).toContain('pay-99');
  });

  it('asks again about a closed run that an event has started again', async () => {
    const board = await boardOf(2);
    const before = asked.length;
    await board.refresh();
    expect(asked.slice(before)).toEqual(['payment-recovery:pay-1']);
    board.decided(decision('started', 'payment-recovery:pay-2'));
    await board.refresh();
    expect(asked.slice(before + 1)).toContain('payment-recovery:pay-2');
  });
});
