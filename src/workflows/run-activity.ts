/** Runs one activity, for servers that cannot run one without a workflow. */
import { proxyActivities } from '@temporalio/workflow';

export interface RunActivity {
  readonly activity: string;
  readonly args: readonly unknown[];
  /** One attempt may last this long. */
  readonly startToCloseMs: number;
}

/** Answers with the activity's result; fails when the activity fails for good. */
export async function runActivity(input: RunActivity): Promise<unknown> {
  const { activity, args, startToCloseMs } = input;
  const activities = proxyActivities({
    startToCloseTimeout: startToCloseMs,
    retry: { initialInterval: 200, backoffCoefficient: 2, maximumInterval: '30 seconds' },
  });
  const run = activities[activity];
  return run?.(...args);
}
