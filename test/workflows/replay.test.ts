/** Recorded runs must replay with today's code: those in production will. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeterminismViolationError } from '@temporalio/workflow';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { historyOf } from '../support/histories.js';
import { recordHistories } from '../support/record-histories.js';
import { workflowsPath } from '../support/workflow-world.js';

const folder = fileURLToPath(new URL('../histories', import.meta.url));
const isRecording = process.env['RECORD_HISTORIES'] === '1';
if (isRecording) await recordHistories(folder);
const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));

describe('replay', () => {
  let code: string;

  beforeAll(async () => {
    const logger = new DefaultLogger('ERROR');
    if (!isRecording) Runtime.install({ logger });
    ({ code } = await bundleWorkflowCode({ workflowsPath, logger }));
  });

  async function replay(history: string): Promise<void> {
    const workflowBundle = { code };
    await Worker.runReplayHistory({ workflowBundle }, historyOf(history), 'replayed');
  }

  it('has histories of both workflows', () => {
    const kinds = new Set(files.map((name) => name.split('-').slice(0, 2).join('-')));
    expect(kinds).toEqual(new Set(['fulfil-order', 'recover-payment']));
  });

  it.each(files.map((name) => [basename(name, '.json'), name]))('%s', async (_, name) => {
    await replay(await readFile(join(folder, name), 'utf8'));
  });

  it('notices when the code no longer does what was recorded', async () => {
    const history = await readFile(join(folder, 'fulfil-order-completed.json'), 'utf8');
    const altered = history.replaceAll('"reserveStock"', '"reserveSomethingElse"');
    expect(altered).not.toBe(history);
    await expect(replay(altered)).rejects.toThrow(DeterminismViolationError);
  });
});
