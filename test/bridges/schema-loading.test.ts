import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Decoder } from '../../src/bridges/decoder.js';
import { RegistryRefused, RegistryUnavailable } from '../../src/bridges/formats/schema-registry.js';
import { loadSchemas, type SchemaLoading } from '../../src/bridges/schema-loading.js';

/** A decoder whose preparations end as told, one after the other. */
function aLoading(ends: readonly ('done' | Error)[], of: Partial<SchemaLoading> = {}) {
  const left = [...ends];
  const halts: string[] = [];
  let heartbeats = 0;
  const decoder: Decoder = {
    open: () => ({ kind: 'tombstone' }),
    prepare: () => {
      const end = left.shift();
      if (end === undefined) return undefined;
      return end === 'done' ? Promise.resolve() : Promise.reject(end);
    },
  };
  const loading: SchemaLoading = {
    decoder,
    log: pino({ level: 'silent' }),
    halt: (cause) => halts.push(cause),
    heartbeat: () => Promise.resolve(void (heartbeats += 1)),
    ended: () => false,
    everyMs: 1,
    ...of,
  };
  return { loading, halts, left, heartbeats: () => heartbeats };
}

const away = new RegistryUnavailable('away');

test('nothing to load costs nothing', () => {
  expect(loadSchemas([], aLoading([]).loading)).toBeUndefined();
});

test('while the registry is away the records wait, and the membership is kept', async () => {
  const { loading, halts, heartbeats, left } = aLoading([away, away, 'done']);
  await loadSchemas([], loading);
  expect({ halts, beats: heartbeats(), left }).toEqual({ halts: [], beats: 2, left: [] });
});

test('a registry that refuses halts the bridge, and the records are not passed over', async () => {
  const { loading, halts } = aLoading([new RegistryRefused('401')]);
  await expect(loadSchemas([], loading)).rejects.toThrow('401');
  expect(halts).toEqual(['401']);
});

test('the wait ends with the bridge, and with the membership', async () => {
  const ended = aLoading([away], { ended: () => true });
  await expect(loadSchemas([], ended.loading)).rejects.toThrow('away');
  const heartbeat = () => Promise.reject(new Error('rebalancing'));
  await expect(loadSchemas([], aLoading([away], { heartbeat }).loading)).rejects.toThrow(
    'rebalancing',
  );
});
