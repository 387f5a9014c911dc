/** `headrace/workflow` as a workflow elsewhere imports it: it must bundle without anything else. */
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const door = fileURLToPath(new URL('../../dist/src/workflows/authoring.js', import.meta.url));

it('holds the inbox and the SDK, and none of the workflows that ship', async () => {
  const logger = new DefaultLogger('ERROR');
  const { code } = await bundleWorkflowCode({ workflowsPath: door, logger });
  const encoded = /sourceMappingURL=data:[^,]*;base64,(\S+)/.exec(code)?.[1];
  const text = Buffer.from(encoded ?? '', 'base64').toString();
  const { sources } = JSON.parse(text) as { readonly sources: readonly string[] };
  const files = sources.filter((source) => !source.startsWith('webpack/'));
  const packages = files.flatMap((file) => {
    return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [];
  });
  const own = files.filter((file) => !file.includes('/node_modules/'));
  expect([...new Set(packages)].sort()).toEqual([
    ...['@temporalio/common', '@temporalio/workflow', 'long', 'ms', 'nexus-rpc'],
  ]);
  expect(own.some((file) => file.includes('/src/workflows/inbox'))).toBe(true);
  expect(own.filter((file) => /recover-|fulfil|reconcil/.test(file))).toEqual([]);
});
