/** What became of a batch, told to the worker's metrics and log. */
import { log, metricMeter } from '@temporalio/workflow';

export interface InboxCounts {
  /** Events that came again and were dropped. */
  readonly duplicates: number;
  /** Entries the marks had to forget to stay small: 0 where every bridge keeps its promises. */
  readonly forgotten: number;
}

/** Reports in the running workflow, once: a replay says nothing. */
export function inboxReporter(): (counts: InboxCounts) => void {
  const dropped = metricMeter.createCounter(
    'headrace_inbox_duplicates',
    'events',
    'Events that came to a workflow again and were dropped.',
  );
  return ({ duplicates, forgotten }) => {
    if (duplicates > 0) dropped.add(duplicates);
    if (forgotten === 0) return;
    log.error('inbox: a bound was met and the oldest entries were forgotten', { forgotten });
  };
}
