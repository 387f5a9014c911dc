/**
 * What an answer of Temporal means. Blame is exact: the record's own fault dead-letters it, the
 * moment's fault is retried, a fault that holds for every record halts. Unknown means halt,
 * because silence loses data and noise does not.
 *
 * Sources: gRPC status codes; temporalio/temporal service/history/consts for the messages.
 */
export type Verdict =
  /** Accepted, or known to have been accepted before. */
  | { readonly kind: 'done'; readonly how: 'accepted' | 'already-started' }
  /** No running workflow of that id. */
  | { readonly kind: 'missing' }
  /** Try again: `lane` concerns this workflow only, `all` the namespace or the cluster. */
  | { readonly kind: 'retry'; readonly scope: 'lane' | 'all'; readonly cause: string }
  | {
      readonly kind: 'reject';
      readonly reason: 'payload-too-large' | 'refused-arguments';
      readonly detail: string;
    }
  | { readonly kind: 'halt'; readonly cause: string };

/** A failed call, reduced to what decides. */
export interface Failure {
  /** gRPC status code; undefined when the error is not one of gRPC. */
  readonly code: number | undefined;
  readonly message: string;
  /** The server says that one workflow is busy, not that it is itself. */
  readonly busyWorkflow: boolean;
}

const tooLarge = /larger than max|exceeds size limit|blob.*size|too large|message size/i;
const signalLimit = /exceeded workflow execution limit for signal/i;

/** Judges a failed call; see the table in the README. */
export function judge(failure: Failure): Verdict {
  const { code, message } = failure;
  switch (code) {
    case 6: // ALREADY_EXISTS
      return { kind: 'done', how: 'already-started' };
    case 5: // NOT_FOUND
      return /namespace/i.test(message) ? { kind: 'halt', cause: message } : { kind: 'missing' };
    case 8: // RESOURCE_EXHAUSTED
      if (tooLarge.test(message)) {
        return { kind: 'reject', reason: 'payload-too-large', detail: message };
      }
      return { kind: 'retry', scope: failure.busyWorkflow ? 'lane' : 'all', cause: message };
    case 3: // INVALID_ARGUMENT
      // A full run accepts signals again once it has continued as new.
      if (signalLimit.test(message)) return { kind: 'retry', scope: 'lane', cause: message };
      return {
        kind: 'reject',
        reason: tooLarge.test(message) ? 'payload-too-large' : 'refused-arguments',
        detail: message,
      };
    case 1: // CANCELLED
    case 2: // UNKNOWN
    case 4: // DEADLINE_EXCEEDED
    case 10: // ABORTED
    case 13: // INTERNAL
    case 14: // UNAVAILABLE
      // The outcome is not known; the request id makes the repetition harmless.
      return { kind: 'retry', scope: 'all', cause: message };
    default:
      return { kind: 'halt', cause: message };
  }
}
