import { fileURLToPath } from 'node:url';
import { application, connectFromEnvironment, defineRoute, type EventKind } from 'headrace';
import { runBridge, runWorker, start } from 'headrace';
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

const { kafka, client, connection, close } = await connectFromEnvironment();
const workflowsPath = fileURLToPath(new URL('workflows.js', import.meta.url));
const worker = await runWorker({ connection, workflowsPath });
const bridge = await runBridge({ kafka, client, routes: [greet], groupId: 'greetings' });
process.once('SIGTERM', () => void bridge.stop().then(() => worker.stop()));
await Promise.race([worker.ended, bridge.halted]);
await close();
