/** Where requests go, and as whose. */
import type { StartCall } from './eager-start.js';
import type { TemporalClient } from './single-calls.js';

export interface Target {
  /** Calls once. */
  readonly client: TemporalClient;
  /** Starts a workflow, eagerly where that can be. */
  readonly start: (call: StartCall) => Promise<void>;
  readonly namespace: string;
  readonly taskQueue: string;
  /** Shown by Temporal as who asked. */
  readonly identity: string;
  /** One call; a call without an answer is retried by the engine. */
  readonly deadlineMs: number;
}

/** Runs `call` with the target's deadline. */
export function withDeadline<T>({ client, deadlineMs }: Target, call: () => Promise<T>) {
  return client.connection.withDeadline(Date.now() + deadlineMs, call);
}
