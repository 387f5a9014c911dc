import { fileURLToPath } from 'node:url';
import { application, connectFromEnvironment, createLog, defineRoute } from 'headrace';
import { type EventKind, installRuntime, runBridge, runWorker, start } from 'headrace';
import { z } from 'zod';
import { greetCustomer, type OrderPlaced } from './workflows.js';

const type = 'order.placed';
const data = z.object({ orderId: z.string() });
const orderPlaced: EventKind<OrderPlaced> = {
  type,
  sources: [application({ type, topic: 'orders', data })],
};

const greet = defineRoute('greet', orderPlaced, 'start greetCustomer', (event) => {
  const { orderId } = event.data;
  const listing = { attributes: {}, summary: `Order ${orderId}` };
  const options = { listing, whenClosed: 'leave-closed' } as const;
  return start(greetCustomer, `greeting:${orderId}`, event, {}, options);
});

installRuntime(createLog('info', 2));
const { kafka, client, connection, namespace, decoder, close } = await connectFromEnvironment();
const workflowsPath = fileURLToPath(new URL('workflows.js', import.meta.url));
const worker = await runWorker({ connection, namespace, workflowsPath });
const bridge = await runBridge({ kafka, client, decoder, routes: [greet], groupId: 'greetings' });
const stopped = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
});
try {
  await Promise.race([stopped, worker.ended, bridge.halted]);
} finally {
  await bridge.stop();
  await worker.stop();
  await close();
}
