import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeCommit,
  doneMap,
  encodeCommit,
  type Run,
} from '../../../src/bridges/intake/done-map.js';

/** A base, and ascending runs above it that do not touch. */
const commits = fc
  .tuple(
    fc.bigInt({ min: 0n, max: 2n ** 62n }),
    fc.array(
      fc.tuple(fc.bigInt({ min: 1n, max: 2n ** 20n }), fc.bigInt({ min: 1n, max: 2n ** 20n })),
      { maxLength: 1_500 },
    ),
  )
  .map(([base, pairs]) => {
    const runs: Run[] = [];
    let at = base;
    for (const [gap, length] of pairs) {
      runs.push({ first: at + gap, last: at + gap + length - 1n });
      at += gap + length;
    }
    return { base, runs };
  });

describe('done map', () => {
  it('M2: what was written is read, and what does not fit is missing from the far end only', () => {
    fc.assert(
      fc.property(commits, fc.integer({ min: 24, max: 4_000 }), ({ base, runs }, limit) => {
        const text = encodeCommit(base, runs, 'g', limit);
        expect(text.length).toBeLessThanOrEqual(limit);
        const read = decodeCommit(text)?.done.runs ?? [];
        expect(read).toEqual(runs.slice(0, read.length));
        // Another run would not have fitted: each takes at most 6 bytes here.
        if (read.length < runs.length) expect(text.length).toBeGreaterThan(limit - 16);
      }),
    );
  });

  it('M3: knows its generation', () => {
    const note = decodeCommit(encodeCommit(7n, [], 'one'));
    expect(note?.isOf('one')).toBe(true);
    expect(note?.isOf('another')).toBe(false);
    expect(note?.done.runs).toEqual([]);
  });

  it('M3: metadata of others says nothing', () => {
    for (const text of [null, undefined, '', 'kafka-streams', 'AgAAAZJ', 'SAI=', 'é']) {
      expect(decodeCommit(text)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        const note = decodeCommit(text);
        if (bytes[0] !== 0x48 || bytes[1] !== 1) expect(note).toBeUndefined();
      }),
    );
  });

  it('damaged metadata of ours never throws', () => {
    const text = encodeCommit(5n, [{ first: 6n, last: 900n }], 'g');
    for (let length = 0; length < text.length; length += 1) {
      expect(() => decodeCommit(text.slice(0, length))).not.toThrow();
    }
  });

  it('has exactly what lies in its runs', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60 })), (settled) => {
        const runs: Run[] = [];
        for (const offset of [...settled].sort((a, b) => a - b).map(BigInt)) {
          const last = runs.at(-1);
          if (last?.last === offset - 1n) runs[runs.length - 1] = { ...last, last: offset };
          else runs.push({ first: offset, last: offset });
        }
        const map = doneMap(runs);
        for (let offset = 0; offset <= 61; offset += 1) {
          expect(map.has(BigInt(offset))).toBe(settled.includes(offset));
        }
      }),
    );
  });
});
