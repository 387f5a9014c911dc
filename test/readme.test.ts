/** Tables of the README, and of docs/metrics.md, that mirror code are held against it, both ways. */
import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { bridgeMetrics } from '../src/bridges/metrics.js';
import { rejectionReasons } from '../src/bridges/matching/rejection.js';
import { shopRoutes } from '../src/bridges/routes.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const metrics = readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8');
const library = readFileSync(new URL('../docs/library.md', import.meta.url), 'utf8');

/** The rows of the table under `heading`, as cells. */
function table(heading: string, document = readme): string[][] {
  const section = document.split(`# ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('dead letters: reason, cause and remedy', () => {
  const expected = Object.entries(rejectionReasons).map(([reason, { cause, remedy }]) => [
    `\`${reason}\``,
    cause,
    remedy,
  ]);
  expect(table('Dead letters')).toEqual(expected);
});

test('routes: name, event and action', () => {
  const expected = shopRoutes({ dayMs: 1 }).map(({ name, kind, action }) => [
    `\`${name}\``,
    `\`${kind.type}\``,
    action.replace(/(\w+)$/, '`$1`'),
  ]);
  expect(table('Routes').map(([name, event, , action]) => [name, event, action])).toEqual(expected);
});

test('configuration: every variable, and no other', () => {
  const source = readFileSync(new URL('../src/config.ts', import.meta.url), 'utf8');
  const known = [...source.matchAll(/^ {4}([A-Z][A-Z_]+):/gm)].map(([, name]) => name);
  const told = table('Configuration')
    .flatMap(([names]) => [...(names ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name))
    .filter((name) => !(name ?? '').startsWith('TEMPORAL_'));
  expect(new Set(told)).toEqual(new Set(known));
});

test('metrics: name, labels and meaning, and no other', () => {
  const registry = new Registry();
  const held = () => Promise.resolve({ counts: [] });
  bridgeMetrics({ registry, state: () => undefined, held });
  const known = registry.getMetricsAsArray() as unknown as {
    readonly name: string;
    readonly help: string;
    readonly labelNames: readonly string[];
  }[];
  const expected = known.map(({ name, help, labelNames }) => [
    `\`${name}\``,
    labelNames.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  const told = table('Metrics', metrics).filter(
    ([name]) => name?.startsWith('`headrace_') === true,
  );
  expect(told).toEqual(expected);
});

test.each(['workflows.ts', 'main.ts'])('the program in docs/library.md: %s', (name) => {
  const file = new URL(`package-example/${name}`, import.meta.url);
  expect(library).toContain(`\`\`\`ts\n${readFileSync(file, 'utf8')}\`\`\``);
});
