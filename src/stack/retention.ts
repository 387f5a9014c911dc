/** How long closed runs are kept: they are what recognises a repeated start, and reconciliation's proof. */
import type { Duration } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { NativeConnection } from '@temporalio/worker';

const kept: Duration = '7 days';

/** The development server keeps closed runs for a day; nightly reconciliation looks further back. */
export async function keepRuns(connection: NativeConnection, namespace: string): Promise<void> {
  await connection.workflowService.updateNamespace({
    namespace,
    config: { workflowExecutionRetentionTtl: msToTs(kept) },
  });
}
