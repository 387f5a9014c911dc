/** A route's own code throws: the engine halts, names it, and releases nothing past the record. */
import { expect, test } from 'vitest';
import { Engine } from '../../../src/bridges/engine/engine.js';
import type { EnginePorts } from '../../../src/bridges/engine/engine-ports.js';
import { silent } from '../../../src/bridges/engine/observer.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import { type Decision, routeTable } from '../../../src/bridges/matching/route.js';
import { enginePorts, settle } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { entries, entryRoute } from '../../support/ledger-entries.js';
import { aRecord } from '../../support/records.js';

const topic = 'ledgers';
const assignment = { topic, generation: '0', partition: 0, from: 0n };

/** Records 0 to 9 of a ledger each. */
const records = entries('l', 0, 9, 0).map(({ value }, offset) =>
  aRecord({ topic, offset: String(offset), value: Buffer.from(value) }),
);

/** The route of entries, which throws `error` at the record `at`. */
function throwing(at: number, error: unknown): EnginePorts['decide'] {
  const route = entryRoute(topic);
  const to: typeof route.to = (event) => {
    if ((event.data as { n: number }).n === at) throw error;
    return route.to(event);
  };
  const table = routeTable([{ ...route, to }]);
  return (record) => table.decide(record);
}

async function stage(decide: EnginePorts['decide'], more: Partial<EnginePorts> = {}) {
  const halts: string[] = [];
  const sent: string[] = [];
  const ports = enginePorts({
    decide,
    dispatch: ({ kind }) => {
      sent.push(kind);
      return Promise.resolve({ kind: 'done' });
    },
    recall: () => Promise.resolve({ kind: 'running' }),
    inboxOf: () => Promise.resolve({ kind: 'missing' }),
    sleep: () => new Promise(() => undefined),
    halt: (cause) => void halts.push(cause),
    ...more,
  });
  const engine = new Engine(ports);
  const epoch = engine.assigned([assignment]);
  await settle();
  const deliver = async (delivered: readonly KafkaRecord[]): Promise<void> => {
    const next = BigInt(delivered.at(-1)?.offset ?? '-1') + 1n;
    engine.deliver({ ...assignment, epoch, next }, delivered);
    await settle();
  };
  const released = () => engine.releases().map(({ offset }) => Number(offset));
  return { engine, deliver, halts, sent, released };
}

test.each([new Error('no such ledger'), new TypeError('no such ledger')])(
  'E3: %s of `to` halts and names record, route and error; nothing is released past it',
  async (error) => {
    const { deliver, halts, released } = await stage(throwing(6, error));
    await deliver(records.slice(0, 4));
    expect(released()).toEqual([4]);
    await deliver(records.slice(4));
    expect(halts).toHaveLength(1);
    const said = `^routes: record ledgers/0/6: the code of route "enter" threw ${error.name}: no such ledger \\(at `;
    expect(halts[0]).toMatch(new RegExp(said));
    expect(released()).toEqual([4]);
  },
);

test('E3: what is delivered after a halt changes nothing', async () => {
  const { deliver, released } = await stage(throwing(0, new Error('no')));
  await deliver(records.slice(0, 1));
  await deliver(records.slice(1));
  expect(released()).toEqual([]);
});

test('E3: a halt of an engine that cannot take a record for any other reason', async () => {
  const observer = {
    ...silent,
    ignored: () => {
      throw new Error('no place to write');
    },
  };
  const decide = (): Decision[] => [{ kind: 'ignore', route: '*', reason: 'no-match' }];
  const { deliver, halts } = await stage(decide, { observer });
  await deliver(records);
  expect(halts).toEqual([
    'engine: records from ledgers/0/0 on could not be taken: no place to write',
  ]);
});

/** A record is held, waiting until `deadlineMs`; then its route begins to throw. */
async function held(deadlineMs: number) {
  const [record] = records;
  if (record === undefined) throw new Error('no record');
  const store = new FakeHoldingStore();
  const { token } = await store.claim('g', [assignment]);
  const note = {
    ...{ topic, generation: '0', partition: 0, offset: record.offset, route: 'enter' },
  };
  await store.hold(token, [
    {
      ...{ ...note, state: 'waiting', queue: 'l', blocks: true, record, deadlineMs },
      ...{ reason: 'workflow-missing', detail: 'it does not run' },
    },
  ]);
  const { engine, deliver, halts, sent } = await stage(throwing(0, new TypeError('no')), {
    store,
  });
  // What is held is not delivered again; it has been reached.
  await deliver([aRecord({ topic, offset: '1', value: Buffer.from('{}') })]);
  await expect(engine.tend()).resolves.toBeUndefined();
  await settle();
  return { halts, sent, store };
}

test.each([
  ['is tried again', 60_000],
  ['has waited for its whole time', -1],
])('E3: so it is when a held record %s', async (_, deadlineMs) => {
  const { halts, sent, store } = await held(deadlineMs);
  expect(halts).toHaveLength(1);
  expect(halts[0]).toMatch(
    /^routes: record ledgers\/0\/0: the code of route "enter" threw TypeErr/,
  );
  expect(sent).toEqual([]);
  expect(store.rows.map(({ ended, held: row }) => [ended, row.state])).toEqual([
    [undefined, 'waiting'],
  ]);
});
