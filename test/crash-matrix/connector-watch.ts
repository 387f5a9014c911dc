/** What every deployment of Connect has: something that starts a connector again when it failed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connectorName, registerConnector, shopConnector } from '../../src/stack/connector.js';

const everyMs = 500;

interface Status {
  readonly connector: { readonly state: string };
  readonly tasks: readonly { readonly state: string }[];
}

/** Watches until `signal` aborts. A connector that is not there is registered. */
export async function watchConnector(
  url: string,
  databaseUrl: string,
  signal: AbortSignal,
): Promise<void> {
  const place = `${url}/connectors/${connectorName}`;
  while (!signal.aborted) {
    await mend(url, place, databaseUrl).catch(() => undefined);
    await sleep(everyMs);
  }
}

async function mend(url: string, place: string, databaseUrl: string): Promise<void> {
  const answer = await fetch(`${place}/status`, { signal: AbortSignal.timeout(5_000) });
  if (answer.status === 404) {
    await registerConnector(url, shopConnector(databaseUrl));
    return;
  }
  const { connector, tasks } = (await answer.json()) as Status;
  if (![connector, ...tasks].some(({ state }) => state === 'FAILED')) return;
  const restart = `${place}/restart?includeTasks=true&onlyFailed=true`;
  await fetch(restart, { method: 'POST', signal: AbortSignal.timeout(5_000) });
}
