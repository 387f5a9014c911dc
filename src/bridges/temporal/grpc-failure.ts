/** Shell: a failed call of Temporal, reduced to what decides. */
import { isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { type Failure, judge, type Verdict } from '../engine/verdict.js';

const { ResourceExhaustedCause } = proto.temporal.api.enums.v1;
const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;
const { Status } = proto.google.rpc;

type Detail = proto.google.protobuf.IAny;

/**
 * Calls, and judges the answer; `awaitsWorker` as in `Failure`. Throws only what is no answer of
 * the server.
 */
export async function judged<T>(
  call: () => Promise<T>,
  { awaitsWorker = false }: Pick<Failure, 'awaitsWorker'> = {},
): Promise<T | Verdict> {
  try {
    return await call();
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    const details = detailsOf(error.metadata.get('grpc-status-details-bin')[0]);
    return judge({
      code: error.code,
      message: error.details || error.message,
      busyWorkflow: details.some(isBusy),
      details: details.map(nameOf),
      awaitsWorker,
    });
  }
}

/** Whether the server answered with this status of gRPC. */
export function isStatus(error: unknown, code: number): boolean {
  // The client's enum is not exported; its values are gRPC's.
  return isGrpcServiceError(error) && (error.code as number) === code;
}

function detailsOf(status: string | Buffer | undefined): readonly Detail[] {
  return Buffer.isBuffer(status) ? Status.decode(status).details : [];
}

/** The type's own name, without its package. */
function nameOf({ type_url: type }: Detail): string {
  return type?.split('.').at(-1) ?? '';
}

function isBusy(detail: Detail): boolean {
  if (nameOf(detail) !== 'ResourceExhaustedFailure') return false;
  const { cause } = ResourceExhaustedFailure.decode(detail.value ?? new Uint8Array());
  return cause === ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW;
}
