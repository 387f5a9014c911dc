/**
 * What an answer of Temporal means. Blame is exact: the record's own fault dead-letters it, the
 * moment's fault is retried, a fault that holds for every record halts. Unknown means halt,
 * because silence loses data and noise does not.
 *
 * Sources: gRPC status codes; temporalio/temporal service/history/consts for the messages.
 */
import type { EffectOutcome } from '../matching/command.js';
import type { RejectReason } from '../matching/rejection.js';

export type Verdict =
  /** Accepted, or known to have been accepted before. */
  | { readonly kind: 'done' }
  /** A run of this id exists: running, or closed and not to be started again. */
  | { readonly kind: 'exists' }
  /** There is no run of that id. */
  | { readonly kind: 'missing' }
  /** The run of that id is closed. */
  | { readonly kind: 'closed' }
  /** A list of events was run: what became of each. */
  | { readonly kind: 'ran'; readonly outcomes: readonly EffectOutcome[] }
  /** Try again: `lane` concerns this workflow only, `all` the namespace or the cluster. */
  | Retry
  | { readonly kind: 'reject'; readonly reason: RejectReason; readonly detail: string }
  | { readonly kind: 'halt'; readonly cause: string };

export interface Retry {
  readonly kind: 'retry';
  readonly scope: 'lane' | 'all';
  readonly cause: string;
  /** The status in a word, for metrics. */
  readonly code: string;
}

/** A failed call, reduced to what decides. */
export interface Failure {
  /** gRPC status code; undefined when the error is not one of gRPC. */
  readonly code: number | undefined;
  readonly message: string;
  /** The server says that one workflow is busy, not that it is itself. */
  readonly busyWorkflow: boolean;
}

const tooLarge =
  /larger than max|^input exceeds|exceeds size limit|blob.*size|too large|message size/i;
const signalLimit = /exceeded workflow execution limit for signal/i;
const taskFailed = /workflow task in failed state/i;
const completed = /already completed|execution completed/i;

/** Statuses after which the outcome is not known; the request id makes the repetition harmless. */
const passing: Readonly<Record<number, string>> = {
  1: 'cancelled',
  2: 'unknown',
  4: 'deadline-exceeded',
  10: 'aborted',
  13: 'internal',
  14: 'unavailable',
};

/** Judges a failed call; docs/guarantees.md, "6. Blame", says by which rule. */
export function judge(failure: Failure): Verdict {
  const { code, message } = failure;
  switch (code) {
    case 6: // ALREADY_EXISTS
      return { kind: 'exists' };
    case 5: // NOT_FOUND
      if (/namespace/i.test(message)) return { kind: 'halt', cause: message };
      return { kind: completed.test(message) ? 'closed' : 'missing' };
    case 8: // RESOURCE_EXHAUSTED
      if (tooLarge.test(message)) {
        return { kind: 'reject', reason: 'payload-too-large', detail: message };
      }
      return again(failure.busyWorkflow ? 'lane' : 'all', message, 'resource-exhausted');
    case 9: // FAILED_PRECONDITION
      // Nobody can ask this one workflow anything while its tasks fail; a worker may mend that.
      if (taskFailed.test(message)) return again('lane', message, 'workflow-task-failed');
      return { kind: 'halt', cause: message };
    case 3: // INVALID_ARGUMENT
      // A full run accepts signals again once it has continued as new.
      if (signalLimit.test(message)) return again('lane', message, 'signal-limit');
      return {
        kind: 'reject',
        reason: tooLarge.test(message) ? 'payload-too-large' : 'refused-arguments',
        detail: message,
      };
    default: {
      const word = code === undefined ? undefined : passing[code];
      return word === undefined ? { kind: 'halt', cause: message } : again('all', message, word);
    }
  }
}

function again(scope: Retry['scope'], cause: string, code: string): Retry {
  return { kind: 'retry', scope, cause, code };
}
