/** A Postgres that vanishes without a word: an outage, which is waited for and passes. */
import { createServer, type Server, type Socket } from 'node:net';
import pg from 'pg';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Command } from '../../../src/bridges/matching/command.js';
import { Engine } from '../../../src/bridges/engine/engine.js';
import { silent } from '../../../src/bridges/engine/observer.js';
import { heldSummary } from '../../../src/bridges/holding/held-summary.js';
import type { Held, HoldingStore } from '../../../src/bridges/holding/held.js';
import { createHoldingStore } from '../../../src/bridges/holding/holding-store.js';
import { topicPosition } from '../../../src/bridges/matching/position.js';
import type { KafkaRecord } from '../../../src/bridges/matching/record.js';
import { poolSettings } from '../../../src/postgres-pool.js';
import { enginePorts } from '../../support/engine-ports.js';
import { FakeHoldingStore } from '../../support/fake-holding-store.js';
import { aRecord } from '../../support/records.js';

const answerMs = 40;
const at = { topic: 'shop.events', generation: '0', partition: 0 };
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Takes connections and, if it `greets`, lets them in; then it says nothing more. */
async function muteServer({ greets }: { readonly greets: boolean }): Promise<pg.Pool> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (greets) {
      // AuthenticationOk, ReadyForQuery.
      const welcome = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
      socket.once('data', () => socket.write(welcome));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const pool = new pg.Pool({
    connectionString: `postgres://u:p@127.0.0.1:${String(port)}/d`,
    ...{ max: 2, connectionTimeoutMillis: 2 * answerMs },
  });
  pool.on('error', () => undefined);
  ends.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await pool.end();
  });
  return pool;
}

const held: Held = {
  ...{ ...at, offset: '1', route: 'r', state: 'dead', queue: 'q', blocks: false },
  ...{ reason: 'schema-mismatch', detail: '', record: aRecord({ ...at, offset: '1' }) },
};
const dead = { state: 'dead', reason: 'x', detail: '' } as const;
const questions: readonly (readonly [string, (store: HoldingStore) => Promise<unknown>])[] = [
  ['claim', (store) => store.claim('g', [at])],
  ['hold', (store) => store.hold('1', [held])],
  ['due', (store) => store.due('1', [at], 0, 10)],
  ['open', (store) => store.open('1', [at])],
  ['again', (store) => store.again('1', held, dead)],
  ['end', (store) => store.end('1', [held], 'redriven')],
  ['discarded', (store) => store.discarded('1', 'w')],
  ['told', (store) => store.told('1', [held])],
];

describe.each([
  ['vanishes', { greets: true }],
  ['takes nobody', { greets: false }],
])('a Postgres that %s', (_how, server) => {
  test.each(questions)('P1: leaves nobody waiting for %s, nor a connection', async (_, ask) => {
    const pool = await muteServer(server);
    const store = createHoldingStore(pool, { answerMs });
    // More often than there are connections.
    for (let time = 0; time < 3; time += 1) {
      await expect(ask(store)).rejects.toThrow(/no answer within|timeout/);
    }
    await vi.waitFor(() => {
      expect([pool.totalCount, pool.waitingCount]).toEqual([0, 0]);
    });
  });
});

test('a process gives up what it cannot connect, notices dead peers, and limits no query', () => {
  expect(poolSettings('postgres://db/shop')).toEqual({
    ...{ connectionString: 'postgres://db/shop', connectionTimeoutMillis: 30_000 },
    ...{ keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
  });
});

test('P1: nor does a scrape', async () => {
  const pool = await muteServer({ greets: true });
  await expect(heldSummary(pool, undefined, answerMs)).rejects.toThrow(/no answer within/);
  await vi.waitFor(() => {
    expect(pool.totalCount).toBe(0);
  });
});

/** A bridge over a store that is mute while it is away. */
async function stage() {
  const fake = new FakeHoldingStore();
  const mute = createHoldingStore(await muteServer({ greets: true }), { answerMs });
  const world = { isAway: true, troubles: 0, isMended: false };
  const now = (): HoldingStore => (world.isAway ? mute : fake);
  const store: HoldingStore = {
    claim: (group, partitions) => now().claim(group, partitions),
    hold: (token, all) => now().hold(token, all),
    due: (...of) => now().due(...of),
    open: (...of) => now().open(...of),
    again: (token, key, to) => now().again(token, key, to),
    end: (token, keys, how) => now().end(token, keys, how),
    discarded: (token, id) => now().discarded(token, id),
    told: (token, keys) => now().told(token, keys),
  };
  const never = () => Promise.reject(new Error('not asked'));
  const ports = enginePorts({
    ...{ store, recall: never },
    inboxOf: () => Promise.resolve({ kind: 'seen', inbox: undefined }),
    observer: {
      ...silent,
      retrying: (_what, { code }) => void (world.troubles += code === 'store-away' ? 1 : 0),
    },
    decide: (record) => [{ kind: 'dispatch', route: 'r', park: true, command: aSignal(record) }],
    dispatch: () =>
      Promise.resolve(
        world.isMended
          ? { kind: 'done' }
          : { kind: 'reject', reason: 'refused-arguments', detail: '' },
      ),
    sleep: () => new Promise((wake) => setImmediate(wake)),
  });
  const engine = new Engine(ports);
  ends.push(() => {
    engine.stop();
  });
  const epoch = engine.assigned([{ ...at, from: 0n }]);
  engine.deliver({ ...at, epoch, next: 1n }, [aRecord({ ...at, offset: '0' })]);
  const released = (): number => Number(engine.releases()[0]?.offset ?? 0);
  const isTroubled = async (): Promise<void> => {
    const before = world.troubles;
    await vi.waitFor(() => {
      expect(world.troubles).toBeGreaterThan(before + 1);
    });
  };
  return { engine, world, fake, released, isTroubled };
}

test('is an outage to a bridge: claim, hold and redrive are tried until it answers', async () => {
  const { engine, world, fake, released, isTroubled } = await stage();
  await isTroubled();
  world.isAway = false;
  await vi.waitFor(() => {
    expect(released()).toBe(1);
  });
  world.isAway = true;
  engine.deliver({ ...at, epoch: engine.epoch, next: 2n }, [aRecord({ ...at, offset: '1' })]);
  await isTroubled();
  expect(released()).toBe(1);
  world.isAway = false;
  await vi.waitFor(() => {
    expect(released()).toBe(2);
  });
  world.isMended = true;
  await fake.redrive();
  world.isAway = true;
  await engine.tend();
  world.isAway = false;
  await vi.waitFor(async () => {
    await engine.tend();
    expect(fake.rows.map(({ ended }) => ended)).toEqual(['redriven', 'delivered']);
  });
});

function aSignal(record: KafkaRecord): Command {
  const event = { id: record.offset, type: 't', occurredAt: '', position: topicPosition(record) };
  return {
    ...{ kind: 'signal', workflowId: 'w', event: { ...event, data: {} } },
    ...{ whenMissing: 'ignore', whenClosed: 'leave-closed' },
  };
}
