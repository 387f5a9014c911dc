import { expect, test } from 'vitest';
import { cancel, signal, update } from '../../../src/bridges/matching/command.js';
import { anEvent } from '../../support/records.js';

const workflow = (): Promise<void> => Promise.resolve();

test.each([Infinity, Number.MAX_SAFE_INTEGER, NaN, -1])(
  'an event cannot wait for %d ms',
  (parkMs) => {
    const event = anEvent();
    const missing = { whenMissing: { parkMs }, whenClosed: 'leave-closed' } as const;
    const closed = { whenMissing: 'ignore', whenClosed: { parkMs } } as const;
    const words = `routes: parkMs is ${String(parkMs)}: give milliseconds from 0 to 3153600000000`;
    for (const options of [missing, closed]) {
      expect(() => signal(workflow as never, 'w', event as never, options)).toThrow(words);
      expect(() => update({ name: 'u' }, 'w', event, options)).toThrow(words);
      expect(() => cancel('w', event, 'why', options)).toThrow(words);
    }
  },
);

test('nor does it have to be told: 0 ms, and a hundred years', () => {
  for (const parkMs of [0, 100 * 365 * 86_400_000]) {
    const options = { whenMissing: { parkMs }, whenClosed: { parkMs } } as const;
    expect(cancel('w', anEvent(), 'why', options)).toMatchObject(options);
  }
});
