/** What one request carries for many lanes: none of them waits for another. */
import { expect, test } from 'vitest';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { defaultLimits } from '../../../src/bridges/engine/engine-ports.js';
import { silent } from '../../../src/bridges/engine/observer.js';
import type { EffectOutcome } from '../../../src/bridges/matching/command.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import { enginePorts, Naps, settle } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { anEvent, aRecord } from '../../support/records.js';

const assignment = { topic: 'shop.events', generation: '0', partition: 0, from: 0n };

/** A bridge whose every record is an effect of a list, refused where its key says so. */
async function stage(store: FakeHoldingStore) {
  const sent: string[][] = [];
  const decided: string[] = [];
  const naps = new Naps();
  const ports = enginePorts({
    ...{ store },
    observer: {
      ...silent,
      decided: ({ record, kind }) => decided.push(`${record.offset} ${kind}`),
    },
    decide: (record) => {
      const [id, key] = [record.offset, record.key?.toString() ?? ''];
      const event = anEvent({ id, position: topicPosition(record), data: key });
      const command = { kind: 'run', activity: 'a', key, takes: 'list', event } as const;
      const whole = { ...command, startToCloseMs: 1 };
      return [{ kind: 'dispatch', route: 'r', park: false, command: whole }];
    },
    dispatch: (request) => {
      if (request.kind !== 'run') throw new Error(`not expected: ${request.kind}`);
      sent.push(request.events.map(({ id }) => id));
      const outcomes = request.events.map(({ data }): EffectOutcome =>
        data === 'bad' ? { status: 'reject', reason: 'no' } : { status: 'done' },
      );
      return Promise.resolve({ kind: 'ran', outcomes });
    },
    recall: () => Promise.resolve({ kind: 'missing' }),
    inboxOf: () => Promise.resolve({ kind: 'missing' }),
    sleep: naps.sleep,
  });
  const engine = new Engine(ports, defaultLimits);
  const epoch = engine.assigned([assignment]);
  await settle();
  let next = 0;
  const deliver = (...keys: readonly string[]): Promise<void> => {
    const records = keys.map((key, at) =>
      aRecord({ offset: String(next + at), key: Buffer.from(key) }),
    );
    next += keys.length;
    engine.deliver({ ...assignment, epoch, next: BigInt(next) }, records);
    return settle();
  };
  const wake = (): Promise<void> => naps.wake();
  return { engine, sent, decided, deliver, wake };
}

test('D6: while the store is away, an event of a list that is refused holds up no other lane', async () => {
  const store = new FakeHoldingStore();
  const hold = store.hold.bind(store);
  let isAway = true;
  store.hold = (token, held) =>
    isAway ? Promise.reject(new Error('Postgres is away')) : hold(token, held);
  const { engine, sent, decided, deliver, wake } = await stage(store);
  await deliver('bad', 'a', 'b', 'bad', 'a');
  expect(sent).toEqual([['0', '1', '2'], ['4']]);
  expect(decided).toEqual(['1 ran', '2 ran', '4 ran']);
  expect(engine.idle).toBe(false);
  // Its own lane waits until it is held.
  await deliver('c');
  expect(sent.slice(2)).toEqual([['5']]);
  isAway = false;
  await wake();
  expect(sent.slice(3)).toEqual([['3']]);
  await wake();
  expect(decided.slice(4).sort()).toEqual(['0 dead-lettered', '3 dead-lettered']);
  expect(engine.idle).toBe(true);
});

/** Everything that can go on without a sleep's end has gone on. */
