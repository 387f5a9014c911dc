import { expect, test } from 'vitest';
import { formatMark, isAlive, markOf, parseMark, stillRuns } from '../../src/stack/mark.js';

test('a process is told from another one with its number', () => {
  const own = markOf(process.pid);
  expect(own.born).not.toBe('');
  expect(own.born).not.toBe(markOf(process.ppid).born);
  expect(stillRuns(own)).toBe(true);
  expect(stillRuns({ ...own, born: 'in another life' })).toBe(false);
  expect(stillRuns({ pid: 4_194_304_000, born: '' })).toBe(false);
});

test('a mark is read back as it was written; anything else is none', () => {
  const own = markOf(process.pid);
  expect(parseMark(formatMark(own))).toEqual(own);
  expect(parseMark('17')).toEqual({ pid: 17, born: '' });
  for (const text of ['', 'x', '-1', '{"pid":1']) expect(parseMark(text)).toBeUndefined();
});

test('no process has a number that is none', () => {
  for (const pid of [0, -1, 1.5, Number.NaN]) expect(isAlive(pid)).toBe(false);
});
