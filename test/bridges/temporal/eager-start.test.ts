import { expect, test } from 'vitest';
import { type StartCall, starter } from '../../../src/bridges/temporal/eager-start.js';

/** A service whose calls are answered when the test says so. */
function service() {
  const asked: StartCall[] = [];
  const open: { done(): void; fail(error: Error): void }[] = [];
  const startWorkflowExecution = (call: StartCall): Promise<never> => {
    asked.push(call);
    return new Promise<never>((resolve, reject) => {
      open.push({ done: resolve as () => void, fail: reject });
    });
  };
  return { startWorkflowExecution, asked, open };
}

const call = { workflowId: 'w', requestId: 'r' };

test('without a worker that shares the connection, a start is one plain call', async () => {
  const once = service();
  const starting = starter(once as never)(call);
  once.open[0]?.done();
  await starting;
  expect(once.asked).toEqual([call]);
});

test('an eager start that is answered is the only call, whatever the answer', async () => {
  const [once, eager] = [service(), service()];
  const start = starter(once as never, eager as never);
  const first = start(call);
  eager.open[0]?.done();
  await first;
  const second = start(call);
  eager.open[1]?.fail(new Error('refused'));
  await expect(second).rejects.toThrow('refused');
  expect(eager.asked).toEqual([call, call].map((one) => ({ ...one, requestEagerExecution: true })));
  expect(once.asked).toEqual([]);
});

test('X1, X2: one without an answer is asked for once more, plainly, and then none is eager for a while', async () => {
  const [once, eager] = [service(), service()];
  const start = starter(once as never, eager as never, { patience: 5, rest: 60_000 });
  const first = start(call);
  await expect.poll(() => once.asked).toEqual([call]);
  once.open[0]?.fail(new Error('exhausted'));
  await expect(first).rejects.toThrow('exhausted');
  const second = start(call);
  once.open[1]?.done();
  await second;
  expect(eager.asked).toHaveLength(1);
  // What the SDK says in the end is of no interest to anybody.
  eager.open[0]?.fail(new Error('late'));
});
