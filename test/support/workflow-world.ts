/**
 * The real workflows with a made-up world around them: activities that keep a record of what was
 * asked and on which day of skipped time, and answer as the test wants.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { activityInfo } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { NoticeActivities } from '../../src/activities/notices.js';
import type { MarkedOrder, OrderActivities } from '../../src/activities/orders.js';
import type { ChargeOutcome, PaidMark, PaymentActivities } from '../../src/activities/payments.js';
import type { StockActivities } from '../../src/activities/stock.js';
import { type Event, eventsSignal } from '../../src/workflows/index.js';
import { startTimeSkipping } from './time-skipping.js';

export const day = 86_400_000;

/** The file whose exports are the workflows. */
export const workflowsPath = fileURLToPath(
  new URL('../../src/workflows/index.ts', import.meta.url),
);

type Activities = PaymentActivities & NoticeActivities & OrderActivities & StockActivities;
type Answer<T> = T | Promise<T>;

/** A world that answers; by default everything goes well. */
export class FakeWorld {
  readonly #seen: { readonly what: string; readonly atMs: number }[] = [];
  #startMs = 0;
  /** What the gateway says to the charge with this key and card. */
  charge: (key: string, cardToken: string) => Answer<ChargeOutcome> = () => accepted;
  abandon: (key: string) => Answer<{ status: 'succeeded' | 'abandoned' }> = () => ({
    status: 'abandoned',
  });
  reserve: () => Answer<{ reserved: boolean }> = () => ({ reserved: true });
  /** When an order is cancelled in the books. */
  cancel: () => Answer<MarkedOrder> = () => ({ changed: true, status: 'cancelled' });
  mail: (key: string) => Answer<void> = () => undefined;
  /** When a payment is marked as paid. */
  mark: () => Answer<PaidMark> = () => ({ changed: true });

  /** What was asked, in order; of the names that begin with `prefix` only. */
  calls(prefix = ''): string[] {
    return this.#seen.map(({ what }) => what).filter((what) => what.startsWith(prefix));
  }

  /** The days, since the first run began, on which that was asked. */
  days(prefix: string): number[] {
    return this.#seen
      .filter(({ what }) => what.startsWith(prefix))
      .map(({ atMs }) => Math.round(((atMs - this.#startMs) / day) * 1_000) / 1_000);
  }

  beginAt(startMs: number): void {
    this.#startMs = startMs;
  }

  get activities(): Activities {
    const changed = { changed: true };
    return {
      chargeCard: ({ key, cardToken }) =>
        this.#note(`charge ${key} ${cardToken}`, () => this.charge(key, cardToken)),
      abandonCharge: ({ key }) => this.#note(`abandon ${key}`, () => this.abandon(key)),
      markPaymentSucceeded: ({ paymentId }) => this.#note(`paid ${paymentId}`, () => this.mark()),
      markWrittenOff: ({ paymentId }) => this.#note(`written off ${paymentId}`, () => changed),
      sendNotice: ({ key, to }) =>
        this.#note(`notice ${key} to ${to}`, async () => {
          await this.mail(key);
          return { sent: true };
        }),
      markOrderCancelled: ({ orderId }) =>
        this.#note(`order cancelled ${orderId}`, () => this.cancel()),
      markOrderCompleted: ({ orderId }) => this.#note(`order completed ${orderId}`, () => changed),
      reserveStock: ({ orderId }) => this.#note(`reserve ${orderId}`, () => this.reserve()),
      releaseStock: ({ orderId }) => this.#note(`release ${orderId}`, () => ({ released: true })),
      shipStock: ({ orderId }) => this.#note(`ship ${orderId}`, () => ({ shipped: true })),
    };
  }

  async #note<T>(what: string, answer: () => Answer<T>): Promise<T> {
    this.#seen.push({ what, atMs: activityInfo().currentAttemptScheduledTimestampMs });
    return answer();
  }
}

export const accepted: ChargeOutcome = { status: 'succeeded', chargeId: 'ch_1' };

export function declined(declineCode: string): ChargeOutcome {
  return { status: 'declined', declineCode };
}

/** Server and code, once for a file of tests. */
export class WorkflowStage {
  readonly environment: TestWorkflowEnvironment;
  readonly #bundle: WorkflowBundleWithSourceMap;

  private constructor(environment: TestWorkflowEnvironment, bundle: WorkflowBundleWithSourceMap) {
    this.environment = environment;
    this.#bundle = bundle;
  }

  /** On the time-skipping server, unless another is given; with the workflows of that file. */
  static async open(start = startTimeSkipping, path = workflowsPath): Promise<WorkflowStage> {
    const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter } },
    });
    const environment = await start();
    const logger = new DefaultLogger('WARN');
    const bundle = await bundleWorkflowCode({ workflowsPath: path, logger });
    return new WorkflowStage(environment, bundle);
  }

  close(): Promise<void> {
    return this.environment.teardown();
  }

  /** Starts `workflow` and lets `play` act on it; a worker is there for as long as that takes. */
  async run<W extends Workflow, T>(
    of: {
      readonly workflow: W;
      readonly workflowId: string;
      readonly input: unknown;
      readonly world: FakeWorld;
      /** Sent together with the start. */
      readonly event?: Event;
      /** True where replaying the whole history with every task would take too long. */
      readonly cached?: boolean;
    },
    play: (handle: WorkflowHandle<W>) => Promise<T>,
  ): Promise<T> {
    const taskQueue = randomUUID();
    const { nativeConnection: connection, client } = this.environment;
    const { activities } = of.world;
    const worker = await Worker.create({
      connection,
      taskQueue,
      activities,
      workflowBundle: this.#bundle,
      // Every task replays the whole history: what is not deterministic does not get through.
      ...(of.cached === true ? {} : { maxCachedWorkflows: 0 }),
    });
    return worker.runUntil(async () => {
      const { workflowId, event } = of;
      const name = of.workflow.name;
      const options = { workflowId, taskQueue, args: [of.input] };
      const handle =
        event === undefined
          ? await client.workflow.start(name, options)
          : await client.workflow.signalWithStart(name, {
              ...options,
              signal: eventsSignal,
              signalArgs: [[event]],
            });
      of.world.beginAt((await handle.describe()).startTime.getTime());
      return play(client.workflow.getHandle<W>(workflowId));
    });
  }
}

/** Makes one source's events, each at the next position. */
export class Stream {
  readonly #source: string;
  #next = 0;

  constructor(source = 'kafka:shop.events#0/0') {
    this.#source = source;
  }

  event<E extends Event>(type: E['type'], data: E['data']): E {
    this.#next += 1;
    const at = String(this.#next).padStart(20, '0');
    const event: Event = {
      id: `${this.#source}/${at}`,
      type,
      occurredAt: '2026-03-29T18:40:00.000Z',
      position: { source: this.#source, at },
      data,
    };
    return event as E;
  }
}

/** Resolves once `holds` does, in real time. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
