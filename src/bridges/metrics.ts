/**
 * What the bridge counts, as Prometheus metrics.
 *
 * M1 Labels are routes, kinds, reasons, topics and partitions: a bounded number. Workflow ids, keys
 *    and anything of a record's content never become one.
 * M2 Gauges are read when somebody asks; between two scrapes they cost nothing.
 * M3 A scrape never fails or waits long because Postgres does: what cannot be read is left out.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type HeldNumbers, watchHeld } from './holding/held-metrics.js';
import type { EngineState, Observer, PartitionState } from './engine/observer.js';
import { everyRoute } from './matching/route.js';

/** One answer of Temporal, seconds. */
const requestSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const batchEvents = [1, 2, 5, 10, 20, 50, 100, 200, 500];
const ofPartition = ['topic', 'partition'] as const;

export interface MetricsOptions {
  readonly registry: Registry;
  /** How the engine stands; `undefined` while there is none. */
  readonly state: () => EngineState | undefined;
  /** What is held in Postgres, where there is one; asked at most every five seconds. */
  readonly held?: () => Promise<HeldNumbers>;
}

/** Registers the bridge's metrics; the observer is what feeds them. */
export function bridgeMetrics({ registry, state, held }: MetricsOptions): Observer {
  watchEngine(registry, state);
  watchPartitions(registry, state);
  if (held !== undefined) watchHeld(registry, held);
  return { ...decisionCounters(registry), ...requestMeters(registry), ...alarms(registry) };
}

function decisionCounters(registry: Registry): Pick<Observer, 'decided' | 'ignored'> {
  const decisions = new Counter({
    name: 'headrace_decisions_total',
    help: 'Durable decisions, one per record and route.',
    labelNames: ['route', 'kind', 'reason'],
    registers: [registry],
  });
  const deadLetters = new Counter({
    name: 'headrace_dead_letters_total',
    help: 'Records that were dead-lettered.',
    labelNames: ['topic', 'reason'],
    registers: [registry],
  });
  return {
    decided: ({ record, route, kind, reason = '' }) => {
      decisions.inc({ route, kind, reason });
      if (kind === 'dead-lettered') deadLetters.inc({ topic: record.topic, reason });
    },
    ignored: (_topic, reason, count) => {
      decisions.inc({ route: everyRoute, kind: 'ignored', reason }, count);
    },
  };
}

function requestMeters(registry: Registry): Pick<Observer, 'sent' | 'retrying'> {
  const requests = new Counter({
    name: 'headrace_temporal_requests_total',
    help: 'Requests that Temporal answered.',
    labelNames: ['kind'],
    registers: [registry],
  });
  const events = new Counter({
    name: 'headrace_events_total',
    help: 'Events that went out with these requests.',
    labelNames: ['kind'],
    registers: [registry],
  });
  const batches = new Histogram({
    name: 'headrace_batch_events',
    help: 'Events per request.',
    buckets: batchEvents,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'headrace_request_seconds',
    help: 'From a request to its answer.',
    labelNames: ['kind'],
    buckets: requestSeconds,
    registers: [registry],
  });
  const retries = new Counter({
    name: 'headrace_retries_total',
    help: 'Attempts that are repeated, by cause; scope `lane` concerns one workflow, `all` everything.',
    labelNames: ['cause', 'scope'],
    registers: [registry],
  });
  return {
    sent: ({ kind, events: count }, latencyMs) => {
      requests.inc({ kind });
      events.inc({ kind }, count);
      batches.observe(count);
      seconds.observe({ kind }, latencyMs / 1_000);
    },
    retrying: (_what, { scope, code }) => {
      retries.inc({ cause: code, scope });
    },
  };
}

function alarms(
  registry: Registry,
): Pick<Observer, 'assigned' | 'stuck' | 'commitRefused' | 'expiring'> {
  const rebalances = new Counter({
    name: 'headrace_rebalances_total',
    help: 'Assignments of partitions to this bridge.',
    registers: [registry],
  });
  const assigned = new Gauge({
    name: 'headrace_partitions_assigned',
    help: 'Partitions of the newest assignment.',
    registers: [registry],
  });
  const stuck = new Counter({
    name: 'headrace_stuck_total',
    help: 'Alarms that a partition settles nothing though something waits.',
    labelNames: ofPartition,
    registers: [registry],
  });
  const refused = new Counter({
    name: 'headrace_commits_refused_total',
    help: 'Commits of offsets that the broker has not taken; the next one carries what they said.',
    registers: [registry],
  });
  const expiring = new Counter({
    name: 'headrace_expiring_total',
    help: 'Alarms that a record has waited for its workflow most of the time it was given.',
    registers: [registry],
  });
  return {
    assigned: (partitions) => {
      rebalances.inc();
      assigned.set(partitions);
    },
    stuck: (topic, partition) => {
      stuck.inc({ topic, partition });
    },
    commitRefused: () => {
      refused.inc();
    },
    expiring: () => {
      expiring.inc();
    },
  };
}

function watchEngine(registry: Registry, state: () => EngineState | undefined): void {
  const gauge = (name: string, help: string, read: (state: EngineState) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        const now = state();
        if (now === undefined) this.reset();
        else this.set(read(now));
      },
    });
  };
  gauge('headrace_in_flight', 'Requests in flight.', ({ inFlight }) => inFlight);
  gauge('headrace_in_flight_limit', 'Requests that may be in flight now.', ({ limit }) => limit);
  gauge('headrace_queued_events', 'Events that wait in lanes.', ({ queued }) => queued);
  gauge('headrace_lanes', 'Workflow ids with something to do.', ({ lanes }) => lanes);
  gauge(
    'headrace_lag_seconds',
    'Age of the oldest record that is not settled, fetched or not, over all partitions of this bridge.',
    ({ partitions }) => Math.max(0, ...partitions.map(ageSeconds)),
  );
}

function watchPartitions(registry: Registry, state: () => EngineState | undefined): void {
  const gauge = (
    name: string,
    help: string,
    read: (state: PartitionState) => number | undefined,
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: ofPartition,
      registers: [registry],
      collect() {
        // A partition that went to another bridge is told by that one.
        this.reset();
        for (const one of state()?.partitions ?? []) {
          const value = read(one);
          if (value !== undefined) this.set({ topic: one.topic, partition: one.partition }, value);
        }
      },
    });
  };
  gauge('headrace_lag_records', 'Offsets from the watermark to the end of the partition.', lagOf);
  gauge(
    'headrace_oldest_unsettled_seconds',
    'Age of the oldest record of the partition that is not settled, fetched or not; 0 when all are.',
    ageSeconds,
  );
  gauge('headrace_unsettled_records', 'Records that were fetched and are not settled.', (one) => {
    return one.unsettled;
  });
  gauge('headrace_window_fill', 'How full the window is; from 1 on, fetching pauses.', (one) => {
    return one.fill;
  });
  gauge('headrace_paused', '1 while fetching pauses.', ({ paused }) => (paused ? 1 : 0));
  gauge(
    'headrace_commit_metadata_bytes',
    'Size of the map of what is settled above the commit.',
    (one) => {
      return one.metadataBytes;
    },
  );
}

function lagOf({ watermark, highWatermark }: PartitionState): number | undefined {
  if (watermark === undefined || highWatermark === undefined) return undefined;
  return Math.max(0, Number(highWatermark - watermark));
}

function ageSeconds({ oldestUnsettledMs }: PartitionState): number {
  return oldestUnsettledMs === undefined ? 0 : Math.max(0, Date.now() - oldestUnsettledMs) / 1_000;
}
