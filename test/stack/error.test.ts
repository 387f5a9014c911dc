import { expect, test } from 'vitest';
import { StackError } from '../../src/stack/error.js';

test('the message names part, problem and remedy', () => {
  const error = new StackError('kafka', 'its jars are missing', 'fetch them');
  expect(error.message).toBe('kafka: its jars are missing\n  What to do: fetch them');
});

test('a full disk is the remedy’s matter, wherever it shows', () => {
  for (const words of [
    'FATAL: could not write lock file: No space left on device',
    "ENOSPC: no space left on device, open '/x'",
    'database or disk is full',
  ]) {
    const error = new StackError('postgres', words, 'read the log');
    expect(error.message).toContain('free some space, or set HEADRACE_DATA');
    expect(error.message).not.toContain('read the log');
  }
});
