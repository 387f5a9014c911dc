/** Ledgers on the real stack: a topic each, bridges over it, and what became of its records. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Addresses } from '../../src/addresses.js';
import type { Bridge } from '../../src/bridge.js';
import type { BridgeOptions } from '../../src/bridge-options.js';
import { ensureHoldingSchema } from '../../src/bridges/holding/holding-schema.js';
import { createHoldingStore } from '../../src/bridges/holding/holding-store.js';
import { ensureTopics } from '../../src/stack/topics.js';
import { Supervised } from '../crash-matrix/supervised.js';
import { environmentOf, headraceSays, type Said } from './headrace.js';
import { type LedgerRules, ledgerRoutes } from './ledger-routes.js';
import { entriesQuery } from './ledger-workflow.js';
import { eventually } from './site.js';
import { openTemporalStage } from './temporal-stage.js';

const workflowsPath = fileURLToPath(new URL('ledger-workflow.ts', import.meta.url));
const process_ = fileURLToPath(
  new URL('../../dist/test/support/ledger-bridge.js', import.meta.url),
);
const logs = fileURLToPath(new URL('../../.headrace-test/logs', import.meta.url));

export type LedgerStage = Awaited<ReturnType<typeof openLedgerStage>>;

/** Opens what all scenes of a file share, its worker included; `close` ends what is left of them. */
export async function openLedgerStage(addresses: Addresses) {
  const taskQueue = `ledger-${randomUUID()}`;
  const stage = await openTemporalStage(addresses);
  const { kafka, producer, pool, client } = stage;
  await ensureHoldingSchema(pool);
  await stage.worker({ taskQueue, workflowsPath });

  /** A topic of one partition, its bridges, and ledgers whose events share their key. */
  const scene = async () => {
    const topic = `ledgers-${randomUUID().slice(0, 8)}`;
    await ensureTopics(kafka, [{ topic, partitions: 1 }]);
    const env = environmentOf(addresses, {
      ...{ HEADRACE_GROUP: topic, HEADRACE_TASK_QUEUE: taskQueue },
    });
    const bridge = (
      rules: LedgerRules,
      more: Partial<Pick<BridgeOptions, 'store' | 'observer'>> = {},
    ): Promise<Bridge> =>
      stage.bridge({
        ...{ taskQueue, groupId: topic, deadLetterTopic: `${topic}-letters` },
        ...{ routes: ledgerRoutes(topic, rules), store: createHoldingStore(pool), ...more },
      });
    const end = (one: Bridge): Promise<void> => stage.end(one);
    /** A bridge in a process of its own. Its `kill` is SIGKILL. */
    const mortalBridge = async (rules: LedgerRules): Promise<Supervised> => {
      await mkdir(logs, { recursive: true });
      const started = new Supervised('bridge', {
        ...{ command: [process_], logFile: `${logs}/ledger-bridge.log` },
        env: { ...env, LEDGER_RULES: JSON.stringify(rules) },
      });
      started.start();
      stage.untilRest({ stop: () => started.close() });
      return started;
    };
    const send = async (ledger: string, ...numbers: unknown[]): Promise<void> => {
      const messages = numbers.map((n) => {
        const type = n === 'open' ? 'ledger.opened' : 'ledger.entry';
        const data = { ledger, ...(typeof n === 'object' ? n : n === 'open' ? {} : { n }) };
        const id = `${type}:${JSON.stringify(data)}`;
        const value = JSON.stringify({ id, type, occurredAt: new Date().toISOString(), data });
        return { key: ledger, value };
      });
      await producer.send({ topic, messages });
    };
    const entries = (ledger: string): Promise<readonly number[]> =>
      client.workflow
        .getHandle(ledger)
        .query(entriesQuery)
        .catch(() => []);
    const reach = (ledger: string, ...expected: number[]): Promise<void> =>
      eventually(`${ledger} to hold ${expected.join(', ')}`, async () => {
        const found = await entries(ledger);
        return JSON.stringify(found) === JSON.stringify(expected);
      });
    /** How many rows of the topic are in which state, or ended how. */
    const held = async (): Promise<Record<string, number>> => {
      const { rows } = await pool.query<{ state: string; count: number }>(
        `select coalesce(ended, state) as state, count(*)::integer as count from headrace.held
         where topic = $1 group by 1`,
        [topic],
      );
      return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
    };
    const holds = (expected: Record<string, number>): Promise<void> =>
      eventually(`held: ${JSON.stringify(expected)}`, async () => {
        const found = await held();
        const states = new Set([...Object.keys(found), ...Object.keys(expected)]);
        return [...states].every((state) => found[state] === expected[state]);
      });
    const says = (...args: string[]): Promise<Said> =>
      headraceSays(['dead-letters', ...args, '--topic', topic], env);
    const name = (suffix: string): string => `${topic}:${suffix}`;
    return { topic, bridge, end, mortalBridge, send, entries, reach, held, holds, says, name };
  };
  return { ...stage, scene };
}
