import { describe, expect, it } from 'vitest';
import { parseInstant, parseLength, rangeOf } from '../../src/commands/range.js';

const now = Date.parse('2026-03-29T12:00:00Z');
const from = '2026-03-28T00:00:00.000Z';
const to = '2026-03-29T00:00:00.000Z';

describe('ranges', () => {
  it.each([
    ['15s', 15_000],
    ['30m', 1_800_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseLength(text)).toBe(ms);
  });

  it.each(['', '15', 'm', '1.5h', '-1h', '1w'])('%j is no length', (text) => {
    expect(() => parseLength(text)).toThrow('like 15s, 30m, 2h or 1d');
  });

  it('takes times with any zone, and none without', () => {
    expect(parseInstant('2026-03-28T01:00:00+01:00')).toBe(from);
    expect(() => parseInstant('2026-03-28T01:00:00')).toThrow('with its zone');
    expect(() => parseInstant('2026-13-28T01:00:00Z')).toThrow('with its zone');
    expect(() => parseInstant('yesterday')).toThrow('with its zone');
  });

  it('is both ends or the last while', () => {
    expect(rangeOf({ from, to }, now)).toEqual({ from, to });
    expect(rangeOf({ last: 3_600_000 }, now)).toEqual({
      from: '2026-03-29T11:00:00.000Z',
      to: '2026-03-29T12:00:00.000Z',
    });
  });

  it.each([
    [{}, 'Give --from and --to, or --last.'],
    [{ from }, 'Give --from and --to, or --last.'],
    [{ from, to, last: 1 }, 'either --last, or'],
    [{ from: to, to: from }, 'must be earlier'],
    [{ from: '2026-04-01T00:00:00.000Z', to: '2026-04-02T00:00:00.000Z' }, 'in the future'],
  ])('%j is refused: %s', (given, message) => {
    expect(() => rangeOf(given, now)).toThrow(message);
  });
});
