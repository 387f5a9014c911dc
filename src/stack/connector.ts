/** Debezium's connector on the shop's tables. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { StackError } from './error.js';
import type { Folders } from './folders.js';
import { writePrivately } from './private-file.js';

export const connectorName = 'headrace-shop';

export type ConnectorSettings = Readonly<Record<string, string>>;

const status = z.object({
  connector: z.object({ state: z.string(), trace: z.string().optional() }),
  tasks: z.array(z.object({ state: z.string(), trace: z.string().optional() })),
});

/** What the connector is told. Changes arrive as `shop.public.<table>`, money as exact text. */
export function shopConnector(databaseUrl: string): ConnectorSettings {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'plugin.name': 'pgoutput',
    'database.hostname': hostname,
    'database.port': port === '' ? '5432' : port,
    'database.user': decodeURIComponent(username),
    'database.password': decodeURIComponent(password),
    'database.dbname': pathname.slice(1),
    'topic.prefix': 'shop',
    'slot.name': 'headrace_shop',
    'publication.name': 'headrace_shop',
    'publication.autocreate.mode': 'filtered',
    'table.include.list': 'public.orders,public.payments',
    'snapshot.mode': 'initial',
    'decimal.handling.mode': 'string',
    'tombstones.on.delete': 'true',
    'poll.interval.ms': '10',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
  };
}

/** Where a connector of the local stack is written, so that a restart begins with it. */
export function connectorFile(folders: Folders): string {
  return join(folders.data, 'connect', 'connector.json');
}

/** Writes the connector down for the next start of the local stack; it names a password. */
export function rememberConnector(folders: Folders, settings: ConnectorSettings): Promise<void> {
  const content = { name: connectorName, config: settings };
  return writePrivately(connectorFile(folders), JSON.stringify(content, undefined, 2));
}

/**
 * Registers the connector and waits until it and its task run.
 * @throws StackError when Connect refuses it or its task fails.
 */
export async function registerConnector(url: string, settings: ConnectorSettings): Promise<void> {
  const place = `${url.replace(/\/$/, '')}/connectors/${connectorName}`;
  const until = Date.now() + 60_000;
  await put(`${place}/config`, settings, until);
  for (;;) {
    const answer = await fetch(`${place}/status`).catch(() => undefined);
    const state = status.safeParse(await answer?.json().catch(() => undefined));
    const parts = state.success ? [state.data.connector, ...state.data.tasks] : [];
    const failed = parts.find((part) => part.state === 'FAILED');
    if (failed !== undefined) throw refused(failed.trace?.split('\n')[0] ?? 'its task failed');
    if (parts.length > 1 && parts.every((part) => part.state === 'RUNNING')) return;
    if (Date.now() > until) throw refused('it does not run after a minute');
    await sleep(100);
  }
}

async function put(url: string, settings: ConnectorSettings, until: number): Promise<void> {
  for (;;) {
    const answer = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(settings),
    });
    if (answer.ok) return;
    // 409: Connect is still arranging itself.
    if (answer.status !== 409 || Date.now() > until) {
      throw refused(`${String(answer.status)} ${(await answer.text()).slice(0, 500)}`);
    }
    await sleep(200);
  }
}

function refused(problem: string): StackError {
  const remedy = 'read `headrace stack logs connect`; the database needs wal_level=logical';
  return new StackError('connect', `connector ${connectorName}: ${problem}`, remedy);
}
