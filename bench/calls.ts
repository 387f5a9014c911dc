/** A client that counts its calls of Temporal: what a scenario really asked of the server. */
import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';

export interface CountedClient {
  readonly client: Client;
  /** Calls so far; those of workers on the same connection are not among them. */
  calls(): number;
}

export function countedClient(connection: NativeConnection, namespace: string): CountedClient {
  let calls = 0;
  const { workflowService } = connection;
  const counting = new Proxy(workflowService, {
    get(service, name) {
      const member: unknown = Reflect.get(service, name, service);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        calls += 1;
        return Reflect.apply(member, service, args);
      };
    },
  });
  // What the bridge sends by single calls passes by the service (`single-calls.ts`).
  const send = Reflect.get(connection, 'sendRequest') as (...args: unknown[]) => unknown;
  const sendRequest = (...args: unknown[]): unknown => {
    calls += 1;
    return Reflect.apply(send, connection, args);
  };
  // Everything else, deadlines above all, is the connection's own.
  const counted = Object.create(connection, {
    workflowService: { value: counting },
    sendRequest: { value: sendRequest },
  }) as NativeConnection;
  return { client: new Client({ connection: counted, namespace }), calls: () => calls };
}
