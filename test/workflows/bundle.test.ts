/** The sandbox wall, from the inside: what is really in the code that is replayed. */
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { dirname, relative } from 'node:path';
import { expect, it } from 'vitest';
import { workflowsPath } from '../support/workflow-world.js';

interface SourceMap {
  readonly sources: readonly string[];
}

/** Temporal's SDK, and what it brings along. */
const sdk = ['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'];

const root = dirname(workflowsPath);

it('holds the workflows and the SDK, nothing else', async () => {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  const encoded = /sourceMappingURL=data:[^,]*;base64,(\S+)/.exec(code)?.[1];
  const text = Buffer.from(encoded ?? '', 'base64').toString();
  const { sources } = JSON.parse(text) as SourceMap;
  const files = sources.filter((source) => !source.startsWith('webpack/'));

  const packages = new Set(files.map(packageOf).filter((name) => name !== undefined));
  expect([...packages].sort()).toEqual(sdk);

  const own = files.filter((file) => packageOf(file) === undefined);
  expect(own.length).toBeGreaterThan(10);
  expect(own.filter((file) => relative(root, file).includes('/'))).toEqual([]);
  expect(own.filter((file) => relative(root, file).startsWith('..'))).toEqual([]);
});

function packageOf(file: string): string | undefined {
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}
