/** A run that twelve bridges signal as fast as they may hands over in time: it is replayed whole. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { SignalRate } from '../../src/bridges/engine/signal-rate.js';
import { InboxStage } from '../support/inbox-stage.js';
import { type Added, collect } from '../support/inbox-workflows.js';
import { anEvent } from '../support/records.js';

const senders = 12;
const signalsEach = 480;
const perSignal = 2;
const repeatEvery = 20;

let stage: InboxStage;

beforeAll(async () => {
  stage = await InboxStage.open(inject('addresses'));
});

afterAll(() => stage.close());

it('I1, I7: 6,048 signals from twelve bridges act once each, in order, over several runs', async () => {
  const workflowId = `storm-${randomUUID()}`;
  const handle = await stage.start(collect, workflowId, {});
  await Promise.all(Array.from({ length: senders }, (_, index) => send(workflowId, index)));
  const closed = anEvent({ id: 'closed', type: 'closed', position: { source: 'end', at: '1' } });
  await stage.signal(workflowId, [closed]);
  const { tallies, runs, duplicates } = await handle.result();

  const count = signalsEach * perSignal;
  const tally = { count, last: count - 1, disordered: 0 };
  expect(Object.values(tallies)).toEqual(Array.from({ length: senders }, () => tally));
  expect(duplicates).toBe((senders * signalsEach * perSignal) / repeatEvery);
  expect(runs).toBeGreaterThan(3);
});

/** As a lane does it: one request in flight, and a pace. Now and then one is repeated. */
async function send(workflowId: string, index: number): Promise<void> {
  const source = `s${String(index)}`;
  const signalRate = new SignalRate();
  const signal = async (events: readonly Added[]): Promise<void> => {
    await stage.signal(workflowId, events);
    await sleep(signalRate.sent(workflowId, performance.now()));
  };
  for (let number = 0; number < signalsEach; number += 1) {
    const events = Array.from({ length: perSignal }, (_, at) => {
      const n = number * perSignal + at;
      const position = { source, at: String(n).padStart(20, '0') };
      return anEvent({
        id: `${source}:${String(n)}`,
        type: 'added',
        position,
        data: { from: source, n },
      });
    }) as Added[];
    await signal(events);
    if (number % repeatEvery === 0) await signal(events);
  }
}
