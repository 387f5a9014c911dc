import { expect, test } from 'vitest';
import { judge } from '../../../src/bridges/engine/verdict.js';

test.each([
  [6, 'Workflow execution is already running.', 'exists'],
  [5, 'workflow execution already completed', 'closed'],
  [5, 'workflow not found for ID: w', 'missing'],
  [5, 'Namespace missing is not found.', 'halt'],
  [5, 'workflow not found for ID: namespace-17', 'missing'],
  [
    5,
    'Workflow executionsRow not found.  WorkflowId: Namespace x is not found, RunId: ',
    'missing',
  ],
  [5, 'workflow not found for ID: already completed', 'missing'],
  [5, 'workflow update was aborted by closing workflow', 'closed'],
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
  [9, 'Workflow execution closed before WorkflowTaskStarted event', 'closed'],
  [9, 'something else is not as it should be', 'halt'],
  [7, 'permission denied', 'halt'],
  [16, 'unauthenticated', 'halt'],
  [12, 'unimplemented', 'halt'],
  [undefined, 'a bug of ours', 'halt'],
])('code %s, %s: %s', (code, message, kind) => {
  expect(judge({ code, message, busyWorkflow: false }).kind).toBe(kind);
});

test('a namespace that is not there, in types', () => {
  const failure = { code: 5, message: 'it is not there', busyWorkflow: false };
  expect(judge({ ...failure, details: ['NotFoundFailure'] }).kind).toBe('missing');
  expect(judge({ ...failure, details: ['NamespaceNotFoundFailure'] }).kind).toBe('halt');
});

test('a busy workflow slows its own lane only', () => {
  const failure = { code: 8, message: 'Workflow is busy.' };
  expect(judge({ ...failure, busyWorkflow: true })).toMatchObject({ scope: 'lane' });
  expect(judge({ ...failure, busyWorkflow: false })).toMatchObject({ scope: 'all' });
});

test.each([
  ['is full of signals', 3, 'exceeded workflow execution limit for signal events'],
  ['fails its tasks', 9, 'Cannot query workflow due to Workflow Task in failed state.'],
  [
    'fails a task',
    9,
    'Unable to perform workflow execution update due to unexpected workflow task failure.',
  ],
  ['has no task yet', 9, 'Workflow task is not scheduled yet.'],
  ['is not ready', 9, 'Workflow state is not ready to handle the request.'],
  ['is paused', 9, 'Workflow is paused. Cannot update the workflow.'],
  ['has no worker', 9, 'no poller seen for task queue recently, worker may be down'],
  [
    'has no worker of its version',
    9,
    'You are trying to query a closed Workflow that is PINNED to Worker Deployment Version a.b, but',
  ],
  [
    'is full of updates',
    9,
    'The limit on the total number of distinct updates in this workflow has been reached (2000).',
  ],
  ['lets an update go', 14, 'workflow update was aborted'],
  ['lets a query go', 14, 'buffered query cleared, please retry'],
])('a run that %s is waited for, on its lane only', (_what, code, message) => {
  expect(judge({ code, message, busyWorkflow: false })).toMatchObject({ scope: 'lane' });
});

test('a run that is not ready, in types', () => {
  const failure = { code: 9, message: 'words of a later server', busyWorkflow: false };
  expect(judge({ ...failure, details: ['WorkflowNotReadyFailure'] })).toMatchObject({
    ...{ kind: 'retry', scope: 'lane' },
  });
  expect(judge({ ...failure, details: ['NamespaceInvalidStateFailure'] }).kind).toBe('halt');
});

test.each([1, 4])('status %i of what a worker must answer: nobody did, on that lane', (code) => {
  const failure = { code, message: 'Timeout expired', busyWorkflow: false };
  expect(judge({ ...failure, awaitsWorker: true })).toMatchObject({ scope: 'lane' });
  expect(judge(failure)).toMatchObject({ scope: 'all' });
  expect(judge({ ...failure, code: 14, awaitsWorker: true })).toMatchObject({ scope: 'all' });
});

test.each([
  'Namespace default has no mapping defined for search attribute Order',
  'search attribute Order is not defined',
  'unable to get Order search attribute type: it is strange',
  'invalid value for search attribute Order of type Int: seven',
  "RunId attribute can't be set in SearchAttributes",
])('what a route’s listing names holds for all of its records: %s', (message) => {
  const verdict = judge({ code: 3, message, busyWorkflow: false });
  expect(verdict).toMatchObject({ kind: 'halt' });
  expect(verdict).toHaveProperty('cause', expect.stringMatching(/register the search attributes/));
});

test.each([
  ['Blob data size exceeds limit: blob size', 'payload-too-large'],
  ['input exceeds length limit', 'payload-too-large'],
  ['WorkflowId length exceeds limit.', 'refused-arguments'],
  ['activity ID exceeds length limit. Length=2000 Limit=1000', 'refused-arguments'],
])('refused for its size or for what it is: %s', (message, reason) => {
  expect(judge({ code: 3, message, busyWorkflow: false })).toMatchObject({ reason });
});
