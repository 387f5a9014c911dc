/** A run of one activity for events: what goes in, what comes out. */
import { ActivityFailure } from '@temporalio/common';
import type { RunRequest } from '../engine/request.js';
import type { Target } from './target.js';

/** What became of it. */
export type End =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'refused'; readonly detail: string };

/** How a server runs one activity. Both throw errors of gRPC. */
export interface Way {
  /** Begins the run `id`; one that is under way, or is not to be repeated, is left as it is. */
  begin(target: Target, request: RunRequest, id: string): Promise<void>;
  /** How the newest run `id` ended; waits for `waitMs` at most. `undefined`: it goes on. */
  end(target: Target, id: string, waitMs: number): Promise<End | undefined>;
}

export function argumentsOf({ takes, events }: RunRequest): readonly unknown[] {
  return takes === 'list' ? [events] : events;
}

/** One line of plain words. */
export function summaryOf({ events }: RunRequest): string {
  const [first] = events;
  const more = events.length > 1 ? ` and ${events.length - 1} more` : '';
  return `${first?.type ?? ''} ${first?.id ?? ''}${more}`;
}

/** In the activity's own words, whatever it was run in. */
export function refusedBy(error: Error): End {
  const own = error instanceof ActivityFailure ? error.cause : undefined;
  return { kind: 'refused', detail: (own ?? error).message };
}
