import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { signal } from '../../../src/bridges/matching/command.js';
import { application } from '../../../src/bridges/matching/application-source.js';
import { change } from '../../../src/bridges/matching/change-source.js';
import type { EventKind, EventSource } from '../../../src/bridges/matching/event-source.js';
import { looksLikeObject, spells } from '../../../src/bridges/matching/prefilter.js';
import { and, header, not, operation, or } from '../../../src/bridges/matching/predicate.js';
import { defineRoute, routeTable } from '../../../src/bridges/matching/route.js';
import { type Event, recoverPayment } from '../../../src/workflows/index.js';
import { aChange, aRecord } from '../../support/records.js';

type Seen = Event<'seen', Record<string, unknown>>;

const row = z.record(z.string(), z.unknown());
const seen = { type: 'seen', topic: 't', row, data: (it: Record<string, unknown>) => it } as const;

const sources: readonly EventSource<Seen>[] = [
  change({ ...seen, when: ({ changed }) => changed('status', 'pending', 'confirmed') }),
  change({ ...seen, when: ({ changed }) => changed('status', 'pending', ['a/b', 'naïve']) }),
  change({ ...seen, when: ({ becomes }) => becomes('status', ['confirmed', 'say "x"']) }),
  change({ ...seen, when: ({ changed }) => changed('paid', false, true) }),
  change({ ...seen, when: ({ changed }) => changed('paid') }),
  change({ ...seen, when: ({ changed }) => changed('stock', undefined, [1, 2]) }),
  change({ ...seen, when: ({ is }) => and(operation('delete'), is('status', 'confirmed')) }),
  change({ ...seen, when: ({ is }) => or(operation('insert'), not(is('status', 'pending'))) }),
  change({ ...seen, when: ({ is }) => and(header('tenant'), is('status', 'cancelled')) }),
  change({ ...seen, snapshots: true, when: ({ becomes }) => becomes('status', 'cancelled') }),
  application({ type: 'seen', topic: 't', data: z.record(z.string(), z.unknown()) }),
];

/** One table per source, as it is and with every record opened. */
const tables = sources.map((source) => {
  const tableOf = (one: EventSource<Seen>) => {
    const kind: EventKind<Seen> = { type: 'seen', sources: [one] };
    const act = (event: Seen) =>
      signal(recoverPayment, event.id, event as never, {
        whenMissing: 'ignore',
        whenClosed: 'leave-closed',
      });
    return routeTable([defineRoute('see', kind, 'signal', act)]);
  };
  return { cheap: tableOf(source), full: tableOf({ ...source, mayMatch: () => true }) };
});

const texts = fc.constantFrom('pending', 'confirmed', 'cancelled', 'a/b', 'say "x"', 'naïve', '1');
const rows = fc.option(
  fc.record(
    {
      status: fc.oneof(texts, fc.string()),
      paid: fc.oneof(fc.boolean(), fc.constant(null)),
      stock: fc.constantFrom(0, 1, 2, '1', 1.5),
      note: fc.string({ unit: 'grapheme' }),
    },
    { requiredKeys: [] },
  ),
);
const changes = fc
  .record({ op: fc.constantFrom('c', 'u', 'd', 'r', 't', 'm'), before: rows, after: rows })
  .map(aChange);
const applications = fc.record({
  id: fc.string({ minLength: 1 }),
  type: fc.constantFrom('seen', 'other', 'unseen'),
  occurredAt: fc.constant('2026-03-29T18:40:00Z'),
  data: fc.dictionary(fc.string(), texts),
});

type Dice = () => number;

/** JSON as any producer may spell it: escapes, white space, the order of names, numbers. */
function spell(value: unknown, dice: Dice): string {
  const gap = () => ['', '', '', ' ', '\n', '\t\r'][dice() % 6] ?? '';
  if (typeof value === 'string')
    return `"${Array.from(value, (char) => letter(char, dice)).join('')}"`;
  if (typeof value === 'number') return number(value, dice);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value);
  const turn = dice() % (entries.length + 1);
  const turned = [...entries.slice(turn), ...entries.slice(0, turn)];
  const inner = turned.map(
    ([name, one]) => `${gap()}${spell(name, dice)}${gap()}:${gap()}${spell(one, dice)}${gap()}`,
  );
  return `{${gap()}${inner.join(',')}}`;
}

function letter(char: string, dice: Dice): string {
  const units = [...Array(char.length).keys()].map((at) => char.charCodeAt(at));
  const code = () => units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
  if (dice() % 200 === 0) return code();
  if (char === '/' && dice() % 2 === 0) return '\\/';
  return JSON.stringify(char).slice(1, -1);
}

function number(value: number, dice: Dice): string {
  const plain = JSON.stringify(value);
  return plain.includes('.') ? plain : ([plain, `${plain}.0`, `${plain}e0`][dice() % 3] ?? plain);
}

describe('N1', () => {
  test('the bytes decide as the opened record does, however it is spelled', () => {
    let ruledOut = 0;
    let acted = 0;
    fc.assert(
      fc.property(
        fc.oneof(changes, applications),
        fc.infiniteStream(fc.nat()),
        fc.constantFrom('', ' ', '\n'),
        fc.boolean(),
        (content, dice, margin, tenant) => {
          const roll = () => (dice.next() as IteratorYieldResult<number>).value;
          const value = Buffer.from(`${margin}${spell(content, roll)}${margin}`);
          const headers = tenant ? { tenant: 'eu' } : {};
          const record = aRecord({ topic: 't', value, headers });
          for (const { cheap, full } of tables) {
            const decisions = full.decide(record);
            expect(cheap.decide(record)).toEqual(decisions);
            if (decisions[0]?.kind === 'dispatch') acted += 1;
          }
          for (const { mayMatch } of sources) if (!mayMatch(value, record)) ruledOut += 1;
        },
      ),
      { numRuns: 2_000 },
    );
    // Else nothing was compared.
    expect(ruledOut).toBeGreaterThan(1_000);
    expect(acted).toBeGreaterThan(100);
  });

  test.each(['"quoted"', 'back\\slash', 'a/b', 'naïve', 'tab\t', '249.99', '-1', '', '2026-03-29'])(
    'no needle is made of %j',
    (text) => {
      expect(spells(text)).toBeUndefined();
    },
  );

  test('a type in a header is seen', () => {
    const { mayMatch } = application<Seen>({ type: 'seen', topic: 't', data: row });
    const value = Buffer.from('{}');
    const at = (headers: Record<string, Buffer | string>) =>
      mayMatch(value, aRecord({ value, headers }));
    expect(at({ ce_type: Buffer.from('seen') })).toBe(true);
    expect(at({ eventType: '"seen"' })).toBe(true);
    expect(at({ eventType: '"\\u0073een"' })).toBe(true);
    expect(at({ ce_type: Buffer.from('other') })).toBe(false);
  });
});

test.each([
  ['{}', true],
  [' \n\t\r{"a":1}\r\n', true],
  ['[{}]', false],
  ['{"a":1', false],
  ['{', false],
  ['}', false],
  ['', false],
  ['   ', false],
  ['\u0000\u0000\u0000\u0000\u0001{}', false],
])('N3: %j looks like an object: %s', (text, looks) => {
  expect(looksLikeObject(Buffer.from(text))).toBe(looks);
});

describe('what is given up', () => {
  const [{ cheap }] = tables as [(typeof tables)[number]];
  const decide = (text: string) => cheap.decide(aRecord({ topic: 't', value: Buffer.from(text) }));

  test('a value broken between its braces, without a needle, is ignored', () => {
    expect(decide('{"before": oh no }')).toMatchObject([{ kind: 'ignore', reason: 'no-match' }]);
  });

  test.each([
    ['with a needle', '{"status": "confirmed", oh no }', 'undecodable-json'],
    ['cut off', '{"before":{"status":"pend', 'undecodable-json'],
    ['no JSON at all', 'oh no', 'undecodable-json'],
    ['a list', '[1, 2]', 'unknown-envelope'],
  ])('but a value %s is dead-lettered', (_, text, reason) => {
    expect(decide(text)).toMatchObject([{ kind: 'reject', reason }]);
  });

  test('what matches nothing costs nothing: one list for all', () => {
    expect(decide('{"a":1}')).toBe(decide('{"b":2}'));
  });
});
