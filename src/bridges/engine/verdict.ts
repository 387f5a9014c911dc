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
  /** What was asked for goes on by itself: it is to be asked how it stands, not to be begun again. */
  readonly begun?: true;
}

/** A failed call, reduced to what decides. */
export interface Failure {
  /** gRPC status code; undefined when the error is not one of gRPC. */
  readonly code: number | undefined;
  readonly message: string;
  /** The server says that one workflow is busy, not that it is itself. */
  readonly busyWorkflow: boolean;
  /** What the server says in types besides, by name: `WorkflowNotReadyFailure`. */
  readonly details?: readonly string[];
  /** A worker had to answer: that nobody did says nothing of the server. */
  readonly awaitsWorker?: boolean;
}

// Ids are their producers': a message that quotes one is known by how it begins.
const tooLarge =
  /larger than max|^input exceeds|exceeds size limit|blob.*size|too large|message size/i;
const signalLimit = /exceeded workflow execution limit for signal/i;
const unknownNamespace = /^namespace .* is not found/i;
const completed = /^workflow (execution already completed|update was aborted by closing workflow)/i;
const taskFailed = /workflow task in failed state/i;
/** One workflow cannot answer now, or nobody can for it. */
const notReady = new RegExp(
  [
    'due to unexpected workflow task failure',
    '^workflow task is not scheduled yet',
    '^workflow state is not ready',
    '^workflow is paused',
    '^no poller seen for task queue recently',
    '^you are trying to query a closed workflow that is pinned',
    '^the limit on the total number of distinct updates in this workflow',
  ].join('|'),
  'i',
);
/** Ended before its first task: no worker ever saw anything of it. */
const neverRan = /^workflow execution closed before workflowtaskstarted/i;
/** Of an update or a query: it was put off, its server is not away. */
const putOff = /^workflow update was aborted|^buffered query cleared/i;
const attributes = new RegExp(
  [
    '^namespace .* has no mapping defined for search attribute',
    '^search attribute .* is not defined',
    '^unable to get .* search attribute type',
    '^invalid value for search attribute',
    "attribute can't be set in SearchAttributes$",
  ].join('|'),
  'i',
);
const attributesRemedy =
  'register the search attributes of the routes’ listings in this namespace, as keywords';

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
      if (isNamed(failure, 'NamespaceNotFoundFailure') || unknownNamespace.test(message)) {
        return { kind: 'halt', cause: message };
      }
      return { kind: completed.test(message) ? 'closed' : 'missing' };
    case 8: // RESOURCE_EXHAUSTED
      if (tooLarge.test(message)) {
        return { kind: 'reject', reason: 'payload-too-large', detail: message };
      }
      return again(failure.busyWorkflow ? 'lane' : 'all', message, 'resource-exhausted');
    case 9: // FAILED_PRECONDITION
      return judgePrecondition(failure);
    case 3: // INVALID_ARGUMENT
      return judgeArguments(message);
    default: {
      const word = code === undefined ? undefined : passing[code];
      if (word === undefined) return { kind: 'halt', cause: message };
      return again(isOfOne(failure) ? 'lane' : 'all', message, word);
    }
  }
}

function judgePrecondition(failure: Failure): Verdict {
  const { message } = failure;
  if (neverRan.test(message)) return { kind: 'closed' };
  // Nobody can ask this one workflow anything while its tasks fail; a worker may mend that.
  if (taskFailed.test(message)) return again('lane', message, 'workflow-task-failed');
  if (isNamed(failure, 'WorkflowNotReadyFailure') || notReady.test(message)) {
    return again('lane', message, 'workflow-not-ready');
  }
  return { kind: 'halt', cause: message };
}

function judgeArguments(message: string): Verdict {
  // A full run accepts signals again once it has continued as new.
  if (signalLimit.test(message)) return again('lane', message, 'signal-limit');
  // What a listing names is the route's: it would be refused for each of its records.
  if (attributes.test(message)) return { kind: 'halt', cause: `${message}: ${attributesRemedy}` };
  return {
    kind: 'reject',
    reason: tooLarge.test(message) ? 'payload-too-large' : 'refused-arguments',
    detail: message,
  };
}

/** One workflow, or its worker, did not answer; the server did, or was not asked for more. */
function isOfOne({ code, message, awaitsWorker }: Failure): boolean {
  // A client that gives up waiting says CANCELLED or DEADLINE_EXCEEDED, as it likes.
  if (awaitsWorker === true && (code === 1 || code === 4)) return true;
  return code === 14 && putOff.test(message);
}

function isNamed({ details = [] }: Failure, name: string): boolean {
  return details.includes(name);
}

function again(scope: Retry['scope'], cause: string, code: string): Retry {
  return { kind: 'retry', scope, cause, code };
}
