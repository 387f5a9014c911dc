/** What `headrace reconcile` tells while it waits. */
import { describe, expect, it } from 'vitest';
import { watch } from '../../src/commands/reconcile.js';
import { noTotals } from '../../src/workflows/reconciliation.js';

const progress = {
  stage: 'settling',
  from: '2026-03-28T00:00:00.000Z',
  to: '2026-03-29T00:00:00.000Z',
  comparedTo: '2026-03-28T00:00:00.000Z',
  totals: noTotals,
  candidates: 0,
} as const;

/** Watches until it was asked `times` times. */
async function printed(times: number, answer: () => typeof progress): Promise<string[]> {
  const over = new AbortController();
  const lines: string[] = [];
  let asked = 0;
  const ask = async () => {
    asked += 1;
    if (asked === times) over.abort();
    return Promise.resolve().then(answer);
  };
  const pace = { pollMs: 1, quietMs: 0 };
  await watch(ask, (line) => lines.push(line), over.signal, pace);
  return lines;
}

describe('watching a reconciliation', () => {
  it('asks for a worker when nobody answers', async () => {
    const lines = await printed(3, () => {
      throw new Error('no poller seen for task queue recently');
    });
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^no answer for 0 s: does a worker run\?/);
  });

  it('tells each change once, and asks for no worker while one answers', async () => {
    const lines = await printed(5, () => progress);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^settling: compared to 2026-03-28/);
  });
});
