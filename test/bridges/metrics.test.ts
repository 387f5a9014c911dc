import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { bridgeMetrics } from '../../src/bridges/metrics.js';
import type { EngineState, PartitionState } from '../../src/bridges/engine/observer.js';
import { aRecord } from '../support/records.js';

const quiet: PartitionState = {
  ...{
    topic: 'shop.events',
    partition: 3,
    paused: false,
    unsettled: 0,
    bytes: 0,
    span: 0,
    fill: 0,
  },
  ...{ watermark: 100n, highWatermark: 100n, oldestUnsettledMs: undefined },
};
const state = (...partitions: readonly PartitionState[]): EngineState => ({
  ...{ inFlight: 7, limit: 16, queued: 40, lanes: 5 },
  partitions,
});

/** The value of one series, as a scraper reads it; undefined where there is none. */
async function read(registry: Registry, series: string): Promise<number | undefined> {
  const lines = (await registry.metrics()).split('\n');
  const line = lines.find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe('what the engine tells', () => {
  const registry = new Registry();
  const observer = bridgeMetrics({ registry, state: () => undefined });

  test('decisions are counted by route, kind and reason; dead letters by topic too', async () => {
    const record = aRecord({ topic: 'orders' });
    observer.decided({ record, route: 'fulfil', kind: 'started', workflowId: 'order:1' });
    observer.decided({ record, route: 'fulfil', kind: 'started', workflowId: 'order:2' });
    observer.decided({ record, route: 'fulfil', kind: 'dead-lettered', reason: 'schema-mismatch' });
    observer.ignored('orders', 'no-match', 500);
    const decisions = 'headrace_decisions_total';
    expect(await read(registry, `${decisions}{route="fulfil",kind="started",reason=""}`)).toBe(2);
    expect(await read(registry, `${decisions}{route="*",kind="ignored",reason="no-match"}`)).toBe(
      500,
    );
    const letters = 'headrace_dead_letters_total{topic="orders",reason="schema-mismatch"}';
    expect(await read(registry, letters)).toBe(1);
  });

  test('M1: nothing of a workflow id, a key or a value becomes a label', async () => {
    expect(await registry.metrics()).not.toMatch(/order:|1001/);
  });

  test('requests are counted with their events and timed in seconds', async () => {
    observer.sent({ kind: 'signal', events: 40 }, 12);
    observer.sent({ kind: 'signal', events: 1 }, 700);
    expect(await read(registry, 'headrace_temporal_requests_total{kind="signal"}')).toBe(2);
    expect(await read(registry, 'headrace_events_total{kind="signal"}')).toBe(41);
    expect(await read(registry, 'headrace_batch_events_bucket{le="20"}')).toBe(1);
    expect(await read(registry, 'headrace_batch_events_bucket{le="50"}')).toBe(2);
    const seconds = (le: string): string =>
      `headrace_request_seconds_bucket{le="${le}",kind="signal"}`;
    expect(await read(registry, seconds('0.025'))).toBe(1);
    expect(await read(registry, seconds('1'))).toBe(2);
  });

  test('retries by cause and scope, rebalances, and the alarms', async () => {
    observer.retrying('order:1', { scope: 'all', cause: '14: …', code: 'unavailable' }, 1);
    observer.assigned(6);
    observer.assigned(2);
    observer.stuck('orders', 4, 60_000);
    observer.expiring('order:1', 0);
    observer.commitRefused();
    const retries = 'headrace_retries_total{cause="unavailable",scope="all"}';
    expect(await read(registry, retries)).toBe(1);
    expect(await read(registry, 'headrace_rebalances_total')).toBe(2);
    expect(await read(registry, 'headrace_partitions_assigned')).toBe(2);
    expect(await read(registry, 'headrace_stuck_total{topic="orders",partition="4"}')).toBe(1);
    expect(await read(registry, 'headrace_expiring_total')).toBe(1);
    expect(await read(registry, 'headrace_commits_refused_total')).toBe(1);
  });
});

describe('what the engine answers', () => {
  const registry = new Registry();
  let now: EngineState | undefined;
  bridgeMetrics({ registry, state: () => now });
  const at = '{topic="shop.events",partition="3"}';

  test('before there is an engine, a scrape succeeds', async () => {
    expect(await read(registry, 'headrace_in_flight')).toBe(0);
    expect(await read(registry, `headrace_lag_records${at}`)).toBeUndefined();
  });

  test('lag in records and in seconds, and how full the window is', async () => {
    const oldestUnsettledMs = Date.now() - 90_000;
    now = state(
      { ...quiet, partition: 0, oldestUnsettledMs: Date.now() - 5_000 },
      { ...quiet, highWatermark: 350n, fill: 0.5, paused: true, oldestUnsettledMs },
    );
    expect(await read(registry, 'headrace_in_flight')).toBe(7);
    expect(await read(registry, 'headrace_in_flight_limit')).toBe(16);
    expect(await read(registry, `headrace_lag_records${at}`)).toBe(250);
    expect(await read(registry, `headrace_window_fill${at}`)).toBe(0.5);
    expect(await read(registry, `headrace_paused${at}`)).toBe(1);
    expect(await read(registry, `headrace_oldest_unsettled_seconds${at}`)).toBeCloseTo(90, 0);
    expect(await read(registry, 'headrace_lag_seconds')).toBeCloseTo(90, 0);
  });

  test('a partition that went elsewhere is no longer told', async () => {
    now = state(quiet);
    expect(await read(registry, `headrace_lag_records${at}`)).toBe(0);
    expect(await read(registry, 'headrace_lag_seconds')).toBe(0);
    now = state();
    expect(await read(registry, `headrace_lag_records${at}`)).toBeUndefined();
  });

  test('an end that is not known yet gives no lag, rather than a wrong one', async () => {
    now = state({ ...quiet, highWatermark: undefined });
    expect(await read(registry, `headrace_lag_records${at}`)).toBeUndefined();
  });
});

describe('what is held', () => {
  const counts = [{ state: 'dead', reason: 'schema-mismatch', route: 'fulfil', count: 12 }];
  const series = 'headrace_held{state="dead",reason="schema-mismatch",route="fulfil"}';

  test('is asked at most every five seconds', async () => {
    const registry = new Registry();
    let asked = 0;
    const held = () => {
      asked += 1;
      return Promise.resolve({ counts, nextDeadlineMs: Date.now() + 60_000 });
    };
    bridgeMetrics({ registry, state: () => undefined, held });
    expect(await read(registry, series)).toBe(12);
    expect(await read(registry, 'headrace_held_deadline_seconds')).toBeCloseTo(60, 0);
    expect(asked).toBe(1);
  });

  test.each([
    ['fails', () => Promise.reject(new Error('Postgres is away'))],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('M3: is left out when Postgres %s', async (_how, held) => {
    const registry = new Registry();
    const observer = bridgeMetrics({ registry, state: () => undefined, held });
    observer.assigned(1);
    expect(await registry.metrics()).not.toContain('headrace_held{');
    expect(await read(registry, 'headrace_held_deadline_seconds')).toBeUndefined();
    expect(await read(registry, 'headrace_rebalances_total')).toBe(1);
  });
});
