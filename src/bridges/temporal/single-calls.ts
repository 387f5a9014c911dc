/**
 * Shell: Temporal's service, one call of the server per call of ours. By itself a `NativeConnection`
 * repeats what the server refused (unavailable, exhausted, internal, …) for up to 10 s before it
 * tells: the limiter would see latency where there is refusal, and the server would get every
 * request several times just when it can take none.
 *
 * The SDK's bridge to its native part knows calls that are not repeated, and its connections do not
 * use them (`retry: true` in @temporalio/worker 1.24, connection.ts). Such calls pass by the part
 * that hands first workflow tasks to a worker of this process: eager starts need the other service.
 */
import { type Client, WorkflowService } from '@temporalio/client';
import { native } from '@temporalio/core-bridge';
import { NativeConnection } from '@temporalio/worker';
import { extractNativeClient } from '@temporalio/worker/lib/connection.js';

/** As much of a client as the bridge uses. */
export type TemporalClient = Pick<Client, 'connection' | 'workflowService' | 'options'>;

/**
 * `client`, calling once. A connection other than a `NativeConnection` stays as it is: whether it
 * repeats calls is said by its `interceptors`.
 */
export function callingOnce(client: TemporalClient): TemporalClient {
  const { connection, options } = client;
  if (!(connection instanceof NativeConnection)) return client;
  const workflowService = serviceOf(connection);
  return { connection, workflowService, options };
}

/** The SDK's own, beyond its types: encodes, sends by `send`, decodes; knows deadline and metadata. */
interface Sender {
  sendRequest(
    send: (call: native.RpcCall) => Promise<Buffer>,
    ...call: Parameters<Parameters<typeof WorkflowService.create>[0]>
  ): void;
}

function serviceOf(connection: NativeConnection): WorkflowService {
  const client = extractNativeClient(connection);
  const sender = connection as unknown as Sender;
  const send = (call: native.RpcCall) =>
    native.clientSendWorkflowServiceRequest(client, { ...call, retry: false });
  return WorkflowService.create(
    (...call) => {
      sender.sendRequest(send, ...call);
    },
    false,
    false,
  );
}
