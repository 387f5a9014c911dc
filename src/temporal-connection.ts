/** How Headrace reaches Temporal: the standard environment and TOML profile, else the local stack. */
import { Client } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection } from '@temporalio/worker';
import type { Addresses } from './addresses.js';

export interface TemporalConnection {
  readonly connection: NativeConnection;
  readonly client: Client;
  readonly namespace: string;
}

/** What `TEMPORAL_*` or a TOML profile say, if anything: address and namespace, no secrets. */
export function configuredTemporal(env: NodeJS.ProcessEnv): {
  readonly address: string | undefined;
  readonly namespace: string | undefined;
} {
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: given(env) });
  return { address: connectionOptions.address, namespace };
}

/**
 * Connects. The native connection keeps HTTP/2 off the event loop and serves worker and client.
 * @throws the SDK's TransportError when nothing answers at the address.
 */
export async function connectTemporal(
  addresses: Pick<Addresses, 'temporalAddress' | 'temporalNamespace'>,
  env: NodeJS.ProcessEnv,
): Promise<TemporalConnection> {
  const { connectionOptions } = loadClientConnectConfig({ overrideEnvVars: given(env) });
  const connection = await NativeConnection.connect({
    ...connectionOptions,
    address: addresses.temporalAddress,
  });
  const namespace = addresses.temporalNamespace;
  return { connection, client: new Client({ connection, namespace }), namespace };
}

function given(env: NodeJS.ProcessEnv): Record<string, string> {
  const pairs = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, value] as const],
  );
  return Object.fromEntries(pairs);
}
