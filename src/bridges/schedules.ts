/** The clock as a bridge: what starts by time, as data, and the shell that tells Temporal of it. */
import {
  type Client,
  type ScheduleOptions,
  ScheduleAlreadyRunning,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Config } from '../config.js';
import { nightlyReconciliationId, reconcile, type ReconcileInput } from '../workflows/index.js';

/** The schedules of the shop. */
export function schedules(
  config: Pick<Config, 'HEADRACE_TIME_ZONE' | 'HEADRACE_TASK_QUEUE'>,
): readonly ScheduleOptions[] {
  const zone = config.HEADRACE_TIME_ZONE;
  return [
    {
      scheduleId: 'headrace:reconcile-nightly',
      // Half past two is behind the day's last stragglers. Where a clock change skips it, that
      // night has no run, and the day can be reconciled on demand; UTC has no such night.
      spec: { calendars: [{ hour: 2, minute: 30 }], timezone: zone },
      action: {
        type: 'startWorkflow',
        workflowType: reconcile,
        workflowId: nightlyReconciliationId,
        taskQueue: config.HEADRACE_TASK_QUEUE,
        args: [{ zone, mail: true } satisfies ReconcileInput],
        staticSummary: `Reconcile yesterday (${zone})`,
      },
      policies: {
        // A reconciliation that outlasts a day is not helped by a second one beside it.
        overlap: ScheduleOverlapPolicy.SKIP,
        catchupWindow: '1 day',
        // One night that failed says nothing of the next.
        pauseOnFailure: false,
      },
    },
  ];
}

/** Creates each schedule, or brings the one that exists up to date; a pause by hand stays. */
export async function ensureSchedules(
  client: Client,
  wanted: readonly ScheduleOptions[],
): Promise<void> {
  for (const schedule of wanted) {
    try {
      await client.schedule.create(schedule);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const { scheduleId, spec, action, policies = {} } = schedule;
      await client.schedule
        .getHandle(scheduleId)
        .update(({ state }) => ({ spec, action, policies, state }));
    }
  }
}
