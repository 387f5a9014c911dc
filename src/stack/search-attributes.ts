/** The search attributes by which runs are found in Temporal's UI. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import { StackError } from './error.js';

export const searchAttributes = [
  'HeadraceOrderId',
  'HeadracePaymentId',
  'HeadraceEventType',
] as const;

const { INDEXED_VALUE_TYPE_KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;
const alreadyExists = 6;

/** Registers those that are missing, and waits until the server knows them. */
export async function ensureSearchAttributes(
  connection: NativeConnection,
  namespace: string,
): Promise<void> {
  const known = await knownTo(connection, namespace);
  const missing = searchAttributes.filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const attributes = missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD] as const);
  try {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(attributes),
    });
  } catch (cause) {
    const code: number | undefined = isGrpcServiceError(cause) ? cause.code : undefined;
    if (code !== alreadyExists) {
      const names = missing.join(', ');
      const problem = `search attributes ${names} cannot be registered: ${String(cause)}`;
      const remedy = `register them as Keyword in namespace ${JSON.stringify(namespace)}`;
      throw new StackError('temporal', problem, remedy, { cause });
    }
  }
  while (missing.some((name) => !known.has(name))) {
    await sleep(200);
    for (const name of await knownTo(connection, namespace)) known.add(name);
  }
}

async function knownTo(connection: NativeConnection, namespace: string): Promise<Set<string>> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return new Set(Object.keys(customAttributes));
}
