import { ScheduleOverlapPolicy } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { schedules } from '../../src/bridges/schedules.js';

const config = { HEADRACE_TIME_ZONE: 'Europe/Berlin', HEADRACE_TASK_QUEUE: 'shop' };

describe('schedules', () => {
  it('reconcile every night, with zone and policies written out', () => {
    expect(schedules(config)).toMatchObject([
      {
        scheduleId: 'headrace:reconcile-nightly',
        spec: { calendars: [{ hour: 2, minute: 30 }], timezone: 'Europe/Berlin' },
        action: {
          type: 'startWorkflow',
          workflowId: 'reconcile:nightly',
          taskQueue: 'shop',
          args: [{ zone: 'Europe/Berlin', mail: true }],
        },
        policies: {
          overlap: ScheduleOverlapPolicy.SKIP,
          catchupWindow: '1 day',
          pauseOnFailure: false,
        },
      },
    ]);
  });

  it('have ids of their own', () => {
    const ids = schedules(config).map(({ scheduleId }) => scheduleId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
