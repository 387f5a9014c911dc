/** What the benchmarks run: the least that a real workflow does, one durable step per event. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Event } from '../../src/workflows/event.js';
import { openInbox, type Opening } from '../../src/workflows/inbox.js';

export type BenchEvent = Event<'bench.event', { readonly key: string; readonly n: number }>;

export interface BenchInput extends Opening<BenchEvent> {
  readonly key: string;
  /** How many events to apply before the run ends. */
  readonly events: number;
  /** The worker that holds the workflow takes the step itself. */
  readonly local?: boolean;
}

interface BenchActivities {
  mark(events: readonly { readonly key: string; readonly n: number }[]): Promise<void>;
}

const options = {
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '100 milliseconds' },
} as const;
const remote = proxyActivities<BenchActivities>(options);
const local = proxyLocalActivities<BenchActivities>(options);

/** Applies its events in order, as many at a time as have come, one step for each time. */
export async function benchSteps(input: BenchInput): Promise<void> {
  const { mark } = input.local === true ? local : remote;
  const inbox = openInbox<BenchEvent>(input);
  for (let left = input.events; left > 0;) {
    const first = await inbox.next(['bench.event']);
    const batch = [];
    for (let event = first; event !== undefined; event = inbox.poll()) batch.push(event.data);
    await mark(batch);
    left -= batch.length;
  }
}
