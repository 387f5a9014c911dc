import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import type { Decoder } from '../../../src/bridges/matching/decoder.js';
import {
  RegistryRefused,
  RegistryUnavailable,
} from '../../../src/bridges/formats/schema-registry.js';
import { SchemaGate } from '../../../src/bridges/intake/schema-gate.js';
import { aRecord } from '../../support/records.js';

interface Loading {
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

/** A gate whose loadings the test ends by hand; batches named `plain…` need none. */
function aGate() {
  const loadings = new Map<string, Loading>();
  const log: string[] = [];
  const decoder: Decoder = {
    open: () => ({ kind: 'tombstone' }),
    prepare: ([record]) => {
      const name = String(record?.key);
      if (name.startsWith('plain')) return undefined;
      return new Promise((resolve, reject) => loadings.set(name, { done: resolve, fail: reject }));
    },
  };
  const gate = new SchemaGate({
    decoder,
    log: pino({ level: 'silent' }),
    halt: (cause) => log.push(`halt ${cause}`),
    pause: (_, partition) => log.push(`pause ${String(partition)}`),
    resume: (_, partition) => log.push(`resume ${String(partition)}`),
    everyMs: 1,
  });
  const pass = (name: string, partition = 0, ended = () => false) => {
    const records = [aRecord({ key: Buffer.from(name) })];
    return gate.pass({ topic: 't', partition, records, ended, deliver: () => log.push(name) });
  };
  const loading = async (name: string): Promise<Loading> => {
    await vi.waitUntil(() => loadings.has(name));
    const found = loadings.get(name);
    loadings.delete(name);
    if (found === undefined) throw new Error(`nothing is loaded for ${name}`);
    return found;
  };
  const logged = (line: string) => vi.waitUntil(() => log.includes(line));
  return { gate, log, pass, loading, logged };
}

const away = new RegistryUnavailable('away');

test('where nothing is to be loaded a batch passes at once', () => {
  const { log, pass } = aGate();
  pass('plain');
  expect(log).toEqual(['plain']);
});

test('G1, G2: what comes behind a batch that waits waits too; other partitions go on', async () => {
  const { gate, log, pass, loading, logged } = aGate();
  pass('first');
  pass('second');
  pass('plain third');
  pass('plain other', 1);
  (await loading('second')).done();
  expect(gate.holds('t', 0)).toBe(true);
  expect(log).toEqual(['pause 0', 'plain other']);
  (await loading('first')).done();
  await logged('resume 0');
  expect(log).toEqual(['pause 0', 'plain other', 'first', 'second', 'plain third', 'resume 0']);
  expect(gate.holds('t', 0)).toBe(false);
});

test('G3: while the registry is away a batch waits', async () => {
  const { log, pass, loading, logged } = aGate();
  pass('first');
  (await loading('first')).fail(away);
  (await loading('first')).fail(away);
  (await loading('first')).done();
  await logged('resume 0');
  expect(log).toEqual(['pause 0', 'first', 'resume 0']);
});

test('G3: when it refuses the bridge halts, and nothing passes any more', async () => {
  const { log, pass, loading, logged } = aGate();
  pass('first');
  pass('plain second');
  (await loading('first')).fail(new RegistryRefused('401'));
  await logged('resume 0');
  pass('plain third');
  expect(log).toEqual(['pause 0', 'halt 401', 'resume 0']);
});

test('what nobody waits for any more is not delivered, and nothing stays paused', async () => {
  const { log, pass, loading, logged } = aGate();
  let isOver = false;
  pass('old', 0, () => isOver);
  (await loading('old')).fail(away);
  isOver = true;
  await logged('resume 0');
  pass('plain new');
  expect(log).toEqual(['pause 0', 'resume 0', 'plain new']);
});

const broken = 'halt intake: records from t/0/7 on were not taken: broken';

test.each(['first', 'plain'])(
  'G4: what cannot be taken halts, and nothing passes it: %s',
  async (name) => {
    const { gate, log, pass, loading, logged } = aGate();
    const deliver = () => {
      throw new Error('broken');
    };
    const records = [aRecord({ key: Buffer.from(name), offset: '7' })];
    const taken = gate.pass({ topic: 't', partition: 0, records, ended: () => false, deliver });
    expect(taken).toBe(name === 'first');
    if (taken) (await loading('first')).done();
    await logged(broken);
    expect(pass('plain later')).toBe(false);
    expect(log).not.toContain('plain later');
  },
);

test('G4: a decoder that throws halts too', () => {
  const log: string[] = [];
  const decoder: Decoder = {
    open: () => ({ kind: 'tombstone' }),
    prepare: () => {
      throw new Error('broken');
    },
  };
  const nothing = () => undefined;
  const ports = { decoder, log: pino({ level: 'silent' }), pause: nothing, resume: nothing };
  const gate = new SchemaGate({ ...ports, halt: (cause) => log.push(`halt ${cause}`) });
  const records = [aRecord({ offset: '7' })];
  const batch = { topic: 't', partition: 0, records, ended: () => false };
  expect(gate.pass({ ...batch, deliver: () => log.push('delivered') })).toBe(false);
  expect(log).toEqual([broken]);
});
