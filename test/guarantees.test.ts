/** What docs/guarantees.md claims has a test that exists, or says why it has none. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { expect, test } from 'vitest';

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const text = read('docs/guarantees.md');
const files = readdirSync(new URL('.', import.meta.url), { recursive: true }).map(String);

/** The section under `heading`. */
function section(document: string, heading: string): string {
  return document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
}

function rows(table: string): string[][] {
  const lines = table.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function named(part: string): string[] {
  const tests = part.matchAll(/`((?:bridges|commands|integration|workflows)\/[\w./-]+)`/g);
  return [...tests].map(([, name = '']) => name);
}

/** Each citation of tests by words of their titles: `file` “title”, “another of the file”. */
function cited(part: string): { file: string; title: string }[] {
  const groups = part.matchAll(/`([a-z]+\/[\w./-]+)`((?:,? “[^”]+”)+)/g);
  return [...groups].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => ({ file, title })),
  );
}

/** The titles of a file's tests and groups of tests; what is filled in is left out. */
function titlesOf(file: string): string[] {
  const code = readFileSync(new URL(`${file}.test.ts`, import.meta.url), 'utf8');
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(test|it|describe)\b/.test(node.expression.getText())) {
      const [title] = node.arguments;
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text);
      if (title !== undefined && ts.isTemplateExpression(title)) {
        titles.push(
          [title.head, ...title.templateSpans.map(({ literal }) => literal)]
            .map(({ text }) => text)
            .join('…'),
        );
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true));
  return titles;
}

test.each(cited(text))('$file has a test: $title', ({ file, title }) => {
  expect(titlesOf(file).filter((one) => one.includes(title))).not.toEqual([]);
});

test('of each fault: a test, or the reason why there is none', () => {
  const faults = rows(section(text, 'What happens when'));
  expect(faults.length).toBeGreaterThan(25);
  for (const [fault, , tested = ''] of faults) {
    const known = named(tested).length > 0 || tested.startsWith('cannot be tested here: ');
    expect([fault, known]).toEqual([fault, true]);
  }
});

test.each([...new Set(named(text))])('%s is a test', (name) => {
  expect(existsSync(new URL(`${name}.test.ts`, import.meta.url))).toBe(true);
});

test.each(['1. No loss', '2. Effectively once', '3. Order', '4. One bad record hurts only itself'])(
  '%s names its tests, and its limits',
  (heading) => {
    const about = section(text, heading);
    expect(named(about.split('\nTested: ')[1] ?? '').length).toBeGreaterThan(2);
    expect(about).toMatch(/limit|exception/i);
  },
);

test('all 27 pitfalls: a test, a reason why not, or the word that it is open', () => {
  const pitfalls = rows(section(text, 'Pitfalls of such bridges'));
  expect(pitfalls.map(([number]) => number)).toEqual(
    Array.from({ length: 27 }, (_, index) => String(index + 1)),
  );
  for (const [number, , here = ''] of pitfalls) {
    const reason = /^cannot: |^true here too: |^figures stand beside|\*\*Open\*\*|not tested/;
    expect([number, named(here).length > 0 || reason.test(here)]).toEqual([number, true]);
  }
});

test('the tests that the README names for the contract exist', () => {
  const contract = rows(section(read('README.md'), 'What is guaranteed'));
  const claims = contract.flatMap(([, , sofar = '']) => [...sofar.matchAll(/`([\w.-]+)`/g)]);
  expect(claims.length).toBeGreaterThan(15);
  for (const [, name = ''] of claims) {
    const found = files.some((file) => file.split('/').at(-1) === `${name}.test.ts`);
    expect([name, found]).toEqual([name, true]);
  }
});
