/**
 * `headrace`: the bridge's and the worker's side of the package; workflows import
 * `headrace/workflow`. The README has a whole program that uses both.
 */

// The processes.
export { type Bridge, BridgeHalted, runBridge } from './bridge.js';
export { type BridgeOptions, BridgeRefused } from './bridge-options.js';
export { ConfigError } from './config.js';
export { type Connections, connectFromEnvironment } from './environment.js';
export { createLog } from './log.js';
export {
  type RunningWorker,
  runWorker,
  type WorkerOptions,
  type WorkflowSource,
} from './worker.js';

// Where events come from.
export { application, message } from './bridges/matching/application-source.js';
export { change, type ChangeSource } from './bridges/matching/change-source.js';
export type { EventKind, EventSource, Reading } from './bridges/matching/event-source.js';
export {
  and,
  header,
  key,
  not,
  operation,
  or,
  type Operation,
  type Predicate,
} from './bridges/matching/predicate.js';
export type { Verbs } from './bridges/matching/row-predicate.js';
export { tombstone } from './bridges/matching/tombstone-source.js';
export type { TopicPattern, Topics } from './bridges/matching/topic-pattern.js';
export { createDecoder, type Decoder, type DecoderOptions } from './bridges/matching/decoder.js';
export { registerCodecs } from './bridges/intake/compression.js';
export type { Change, Envelope } from './bridges/matching/envelope.js';
export type { KafkaRecord } from './bridges/matching/record.js';

// What they do.
export {
  cancel,
  type Command,
  type EffectOutcome,
  effectsOf,
  type ListEffect,
  type Listing,
  type ParkFor,
  signal,
  signalWithStart,
  type SingleEffect,
  start,
  update,
  type WhenClosed,
  type WhenMissing,
  type WhenOver,
} from './bridges/matching/command.js';
export { ensureEffectsSchema, forgetEffects } from './activities/effect-memory.js';
export { type Apply, onceEach, type OnceOptions } from './activities/once.js';
export { defaultLimits, type EngineLimits, type Outcome } from './bridges/engine/engine-ports.js';
export {
  type Decision,
  defineRoute,
  type Route,
  type RouteTable,
  routeTable,
} from './bridges/matching/route.js';
export { type Event, identityOf, type Opening, type Position } from './workflows/index.js';

// What is set aside.
export { ensureHoldingSchema } from './bridges/holding/holding-schema.js';
export { createHoldingStore, type HoldingStoreOptions } from './bridges/holding/holding-store.js';
export type { Held, HoldingStore } from './bridges/holding/held.js';
export { heldSummary, type HeldSummary } from './bridges/holding/held-summary.js';
export { rejectionReasons, type RejectReason } from './bridges/matching/rejection.js';

// What operators see.
export { bridgeMetrics, type MetricsOptions } from './bridges/metrics.js';
export {
  type EngineState,
  type Observer,
  type PartitionState,
  silent,
  tellAll,
} from './bridges/engine/observer.js';
export {
  type Check,
  type Operations,
  type OperationsOptions,
  serveOperations,
} from './operations.js';
export { installMeteredRuntime, installRuntime, type SdkMetrics } from './sdk-runtime.js';
