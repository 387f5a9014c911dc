import { expect, test } from 'vitest';
import { judge } from '../../../src/bridges/engine/verdict.js';

test.each([
  [6, 'Workflow execution is already running.', 'exists'],
  [5, 'workflow execution already completed', 'closed'],
  [5, 'workflow not found for ID: w', 'missing'],
  [5, 'Namespace missing is not found.', 'halt'],
  [8, 'namespace rate limit exceeded', 'retry'],
  [8, 'grpc: received message larger than max (5000000 vs. 4194304)', 'reject'],
  [3, 'exceeded workflow execution limit for signal events', 'retry'],
  [3, 'Blob data size exceeds limit: blob size', 'reject'],
  [3, 'WorkflowId length exceeds limit.', 'reject'],
  [1, 'cancelled', 'retry'],
  [2, 'unknown', 'retry'],
  [4, 'deadline exceeded', 'retry'],
  [13, 'internal', 'retry'],
  [14, 'connection refused', 'retry'],
  [9, 'Cannot query workflow due to Workflow Task in failed state.', 'retry'],
  [9, 'something else is not as it should be', 'halt'],
  [7, 'permission denied', 'halt'],
  [16, 'unauthenticated', 'halt'],
  [12, 'unimplemented', 'halt'],
  [undefined, 'a bug of ours', 'halt'],
])('code %s, %s: %s', (code, message, kind) => {
  expect(judge({ code, message, busyWorkflow: false }).kind).toBe(kind);
});

test('a busy workflow slows its own lane only', () => {
  const failure = { code: 8, message: 'Workflow is busy.' };
  expect(judge({ ...failure, busyWorkflow: true })).toMatchObject({ scope: 'lane' });
  expect(judge({ ...failure, busyWorkflow: false })).toMatchObject({ scope: 'all' });
});

test.each([
  ['is full of signals', 3, 'exceeded workflow execution limit for signal events'],
  ['fails its tasks', 9, 'Cannot query workflow due to Workflow Task in failed state.'],
])('a run that %s is waited for, on its lane only', (_what, code, message) => {
  expect(judge({ code, message, busyWorkflow: false })).toMatchObject({ scope: 'lane' });
});

test.each([
  ['Blob data size exceeds limit: blob size', 'payload-too-large'],
  ['input exceeds length limit', 'payload-too-large'],
  ['WorkflowId length exceeds limit.', 'refused-arguments'],
  ['activity ID exceeds length limit. Length=2000 Limit=1000', 'refused-arguments'],
])('refused for its size or for what it is: %s', (message, reason) => {
  expect(judge({ code: 3, message, busyWorkflow: false })).toMatchObject({ reason });
});
