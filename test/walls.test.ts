/** The walls of docs/architecture.md: what a folder may not import is refused by the lint rules. */
import { ESLint } from 'eslint';
import { expect, test } from 'vitest';

const rule = '@typescript-eslint/no-restricted-imports';

/** Reads the imports only: the files do not exist, so nothing about their types can be asked. */
const eslint = new ESLint({
  ruleFilter: ({ ruleId }) => ruleId === rule,
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
});

async function refused(file: string, code: string): Promise<boolean> {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: file });
  const messages = result?.messages ?? [];
  expect(messages.filter(({ ruleId }) => ruleId !== rule)).toEqual([]);
  return messages.length > 0;
}

test.each([
  ['src/workflows/new.ts', `import { readFile } from 'node:fs';`],
  ['src/workflows/new.ts', `import { z } from 'zod';`],
  ['src/workflows/new.ts', `import { createStock } from '../activities/stock.js';`],
  ['src/workflows/new.ts', `import type { Route } from '../bridges/matching/route.js';`],
  ['src/activities/new.ts', `import { Inbox } from '../workflows/inbox.js';`],
  ['src/activities/new.ts', `import { shopRoutes } from '../bridges/routes.js';`],
  ['src/activities/new.ts', `import { Intake } from '../bridges/intake/intake.js';`],
  ['src/bridges/new.ts', `import { Inbox } from '../workflows/inbox.js';`],
  ['src/bridges/new.ts', `import { createStock } from '../activities/stock.js';`],
  ['src/bridges/intake/new.ts', `import { startStack } from '../../stack/index.js';`],
  ['src/bridges/engine/new.ts', `import { createStock } from '../../activities/stock.js';`],
  ['src/bridges/engine/new.ts', `import { Kafka } from 'kafkajs';`],
  ['src/bridges/engine/new.ts', `import { Client } from '@temporalio/client';`],
  ['src/bridges/engine/new.ts', `import { Intake } from '../intake/intake.js';`],
  ['src/bridges/engine/new.ts', `import { dispatch } from '../temporal/temporal.js';`],
  ['src/stack/new.ts', `import { runBridge } from '../bridges/intake/intake.js';`],
  ['src/commands/new.ts', `import { Inbox } from '../workflows/inbox.js';`],
])('%s may not: %s', async (file, code) => {
  expect(await refused(file, code)).toBe(true);
});

test.each([
  ['src/workflows/new.ts', `import type { StockActivities } from '../activities/stock.js';`],
  ['src/workflows/new.ts', `import { sleep } from '@temporalio/workflow';`],
  ['src/activities/new.ts', `import { matchesTopic } from '../bridges/matching/topic-pattern.js';`],
  ['src/activities/new.ts', `import { reconcile } from '../workflows/index.js';`],
  ['src/bridges/new.ts', `import { inTransaction } from '../transaction.js';`],
  ['src/bridges/intake/new.ts', `import { Kafka } from 'kafkajs';`],
  ['src/bridges/engine/new.ts', `import type { IHeaders } from 'kafkajs';`],
  ['src/bridges/engine/new.ts', `import { heldKey } from '../holding/held.js';`],
  ['src/stack/new.ts', `import { createTopics } from '../bridges/intake/topic-creation.js';`],
])('%s may: %s', async (file, code) => {
  expect(await refused(file, code)).toBe(false);
});
