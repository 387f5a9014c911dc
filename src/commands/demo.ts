/** What `start` adds around Headrace itself: the test gateway, and with `--demo` the shop. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { seedDiscrepancies } from '../../demo/discrepancies.js';
import { startGateway } from '../../demo/gateway.js';
import { openShop, type Shop } from '../../demo/shop.js';
import type { Addresses } from '../addresses.js';
import type { Clients } from '../clients.js';
import type { Config } from '../config.js';
import { reconcileRange } from './reconcile.js';

const stepMs = 1_500;
/** By then every story has been told at least once. */
const reconcileAfterMs = 75_000;
const settleMs = 10_000;

export interface DemoOptions {
  readonly config: Config;
  readonly clients: Clients;
  readonly addresses: Addresses;
  readonly log: Logger;
  readonly withShop: boolean;
}

export interface Demo {
  readonly gatewayUrl: string;
  /** Lets the shop begin; call it when the bridge runs. */
  open(): void;
  /** Lines for the live view. */
  notices(): readonly string[];
  stop(): Promise<void>;
}

/** Starts the gateway where none is configured, and makes the shop ready. */
export async function openDemo(options: DemoOptions): Promise<Demo> {
  const { config, clients, log, withShop } = options;
  const notices: string[] = [];
  const closing = new AbortController();
  const gateway =
    config.PAYMENT_GATEWAY_URL === undefined
      ? await startGateway({ path: join(config.HEADRACE_DATA, 'data/gateway.jsonl') })
      : undefined;
  const producer = clients.kafka.producer({ allowAutoTopicCreation: false });
  if (withShop) await producer.connect();
  let shop: Shop | undefined;
  const trade = async (): Promise<void> => {
    const from = new Date();
    shop = await openShop({ pool: clients.pool, producer, log, stepMs });
    await sleep(reconcileAfterMs, undefined, { signal: closing.signal });
    const { pool, client, namespace } = clients;
    const seeded = await seedDiscrepancies({ pool, client, namespace, log });
    notices.push('seeded, for reconciliation to find:', ...seeded.map((line) => `  ${line}`));
    const range = { from: from.toISOString(), to: new Date().toISOString() };
    const report = await reconcileRange(clients, config, { ...range, settleMs });
    notices.push(...report);
  };
  const open = (): void => {
    if (!withShop) return;
    trade().catch((error: unknown) => {
      if (!closing.signal.aborted) notices.push(`demo: ${String(error)}`);
    });
  };
  const stop = async (): Promise<void> => {
    closing.abort();
    await shop?.stop();
    if (withShop) await producer.disconnect();
    await gateway?.stop();
  };
  const gatewayUrl = config.PAYMENT_GATEWAY_URL ?? gateway?.url ?? '';
  return { gatewayUrl, open, notices: () => notices, stop };
}
