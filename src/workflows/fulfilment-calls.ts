/** What a fulfilment asks of the world, and how patiently. */
import { proxyActivities } from '@temporalio/workflow';
import type { NoticeActivities } from '../activities/notices.js';
import type { OrderActivities } from '../activities/orders.js';
import type { StockActivities } from '../activities/stock.js';

const retry = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
} as const;

export const { reserveStock } = proxyActivities<StockActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 day',
  retry,
  summary: 'Reserve the stock',
});

export const { releaseStock } = proxyActivities<StockActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '30 days',
  retry,
  summary: 'Compensate: release the stock',
});

export const { shipStock } = proxyActivities<StockActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '30 days',
  retry,
  summary: 'Write the shipped stock off',
});

export const { markOrderCancelled } = proxyActivities<OrderActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '30 days',
  retry,
  summary: 'Compensate: cancel the order in the books',
});

export const { markOrderCompleted } = proxyActivities<OrderActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '30 days',
  retry,
  summary: 'Complete the order in the books',
});

export const { sendNotice } = proxyActivities<NoticeActivities>({
  startToCloseTimeout: '1 minute',
  scheduleToCloseTimeout: '2 days',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 minutes' },
  summary: 'Send a notice',
});
