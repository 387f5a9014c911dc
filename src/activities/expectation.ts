/**
 * What a route made of a record, as reconciliation sees it. The route table lives with the bridges;
 * whoever wires the worker passes it in as a function, so that activities know nothing of routes.
 */
import type { KafkaRecord } from '../bridges/matching/record.js';

/** One command that a record led to. Decided from the record alone, it is the same at any time. */
export interface Expectation {
  readonly route: string;
  readonly workflowId: string;
  /** `start` and `signalWithStart` expect a run; `signal` expects nothing. */
  readonly kind: 'start' | 'signal' | 'signalWithStart';
  readonly eventType: string;
  /** The event's data, as its schema left it. */
  readonly data: unknown;
}

/** The commands of a record, in the order of the routes; none for a record that is not acted on. */
export type Interpret = (record: KafkaRecord) => readonly Expectation[];
