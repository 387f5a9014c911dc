/** What a later version may be: a workflow that cannot be replayed any more, one that has no inbox. */
import { sleep } from '@temporalio/workflow';

/** Not as `collect` of `inbox-workflows.ts`: a history of that begins without a timer. */
export async function collect(): Promise<void> {
  await sleep('1 hour');
}

/** Ends at once. */
export function keepSilent(): Promise<void> {
  return Promise.resolve();
}
