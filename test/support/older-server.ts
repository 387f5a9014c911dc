/** A server as it was before standalone activities: every request about them is unknown to it. */
import type { ConnectionLike } from '@temporalio/client';

/** `connection`, to a server that has none. */
export function withoutActivities<C extends ConnectionLike>(connection: C): C {
  const service = new Proxy(connection.workflowService, {
    get: (target, name): unknown =>
      typeof name === 'string' && name.endsWith('ActivityExecution')
        ? () => Promise.reject(unknownMethod(name))
        : Reflect.get(target, name),
  });
  return new Proxy(connection, {
    get: (target, name) => {
      if (name === 'workflowService') return service;
      // What calls once goes by here, past the connection's own service.
      if (name === 'sendRequest') return sendRequestOf(target);
      // The connection's own private state is reached through itself only.
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

type Callback = (error: Error | null, answer?: unknown) => void;

/** The SDK's own, private to it. */
function sendRequestOf(connection: object) {
  const { sendRequest } = connection as {
    sendRequest: (send: unknown, method: { name: string }, data: unknown, done: Callback) => void;
  };
  return (send: unknown, method: { name: string }, data: unknown, done: Callback): void => {
    if (method.name.endsWith('ActivityExecution')) done(unknownMethod(method.name));
    else sendRequest.call(connection, send, method, data, done);
  };
}

function unknownMethod(name: string): Error {
  const details = `unknown method ${name} for service temporal.api.workflowservice.v1.WorkflowService`;
  return Object.assign(new Error(details), { code: 12, details, metadata: { get: () => [] } });
}
