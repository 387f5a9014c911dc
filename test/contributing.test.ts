import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

test('every dependency argues its case, and nothing else does', () => {
  const { dependencies, peerDependencies, devDependencies } = JSON.parse(
    read('package.json'),
  ) as Record<'dependencies' | 'peerDependencies' | 'devDependencies', Record<string, string>>;
  const every = { ...dependencies, ...peerDependencies, ...devDependencies };
  const used = Object.keys(every).map((name) => name.replace(/^(@temporalio|@types)\/.*/, '$1/*'));
  const section = read('CONTRIBUTING.md').split('## Dependencies')[1] ?? '';
  const argued = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
  expect(new Set(argued)).toEqual(new Set(used));
});
