/** The tests that docs/guarantees.md names exist. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = readFileSync(new URL('../docs/guarantees.md', import.meta.url), 'utf8');
const named = [...text.matchAll(/`((?:bridges|integration|workflows)\/[\w.-]+)`/g)].map(
  ([, name = '']) => name,
);

test('it names tests', () => {
  expect(new Set(named).size).toBeGreaterThan(20);
});

test.each([...new Set(named)])('%s is a test', (name) => {
  expect(existsSync(new URL(`${name}.test.ts`, import.meta.url))).toBe(true);
});
