/** docker-compose.yml against the compose schema, and with `docker compose config` where that is. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isThere, outputOf } from '../src/stack/program.js';
import { searchAttributes } from '../src/stack/search-attributes.js';
import { raisedLimits } from '../src/stack/temporal.js';

/** The part of the linter that is used; its own types do not resolve from an ES module. */
interface Linter {
  lintFiles(
    files: readonly string[],
    fix: boolean,
  ): { messages: { type: string; line: number; message: string }[] }[];
}
const { DCLinter } = createRequire(import.meta.url)('dclint') as {
  DCLinter: new (settings: object) => Linter;
};

const file = fileURLToPath(new URL('../docker-compose.yml', import.meta.url));
const hasCompose = await isThere('docker', 'compose', 'version');

describe('docker-compose.yml', () => {
  test('is valid by the compose schema, and breaks no rule that is an error', () => {
    const linter = new DCLinter({
      quiet: true,
      debug: false,
      exclude: [],
      // One image is built once and run in several services.
      rules: { 'no-build-and-image': 0 },
    });
    const messages = linter.lintFiles([file], false).flatMap((result) => result.messages);
    const errors = messages.filter(({ type }) => type === 'error');
    expect(errors.map(({ line, message }) => `${String(line)}: ${message}`)).toEqual([]);
  });

  test('pins every image and checks the health of what stays', () => {
    const text = readFileSync(file, 'utf8');
    const images = [...text.matchAll(/^ {4}image: (.+)$/gm)].map(([, image]) => image ?? '');
    expect(images.length).toBeGreaterThan(5);
    for (const image of images) expect(image).toMatch(/:v?\d+\.\d+/);
    // `prepare` runs to its end; all others stay.
    const services = [...text.matchAll(/^ {2}([a-z]+):$/gm)].map(([, name]) => name);
    const checked = text.match(/^ {4}healthcheck:/gm) ?? [];
    const volumes = ['postgres', 'kafka', 'temporal'];
    expect(checked).toHaveLength(services.length - volumes.length - 1);
  });

  test('sets up Temporal as the local stack does: attributes, limits, how long runs are kept', () => {
    const text = readFileSync(file, 'utf8');
    const set = (option: string): (string | undefined)[] =>
      [...text.matchAll(new RegExp(`^ {6}- --${option}=(.+)$`, 'gm'))].map(([, value]) => value);
    expect(set('search-attribute')).toEqual(searchAttributes.map((name) => `${name}=Keyword`));
    expect(set('dynamic-config-value')).toEqual(raisedLimits.map((name) => `${name}=100000`));
    expect(text).toContain('command: [prepare, --shop, --own-temporal]');
  });

  // Docker is no server of ours: where it is not installed, the report says that this was skipped.
  test.skipIf(!hasCompose)('docker compose reads it', async () => {
    expect(await outputOf('docker', ['compose', '-f', file, 'config', '--quiet'])).toBe('');
  });
});
