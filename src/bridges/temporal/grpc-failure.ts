/** Shell: a failed call of Temporal, reduced to what decides. */
import { isGrpcServiceError } from '@temporalio/client';
import proto from '@temporalio/proto';
import { judge, type Verdict } from '../engine/verdict.js';

const { ResourceExhaustedCause } = proto.temporal.api.enums.v1;
const { ResourceExhaustedFailure } = proto.temporal.api.errordetails.v1;
const busyType = 'type.googleapis.com/temporal.api.errordetails.v1.ResourceExhaustedFailure';

/** Calls, and judges the answer. Throws only what is no answer of the server. */
export async function judged<T>(call: () => Promise<T>): Promise<T | Verdict> {
  try {
    return await call();
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    return judge({
      code: error.code,
      message: error.details || error.message,
      busyWorkflow: isBusy(error.metadata.get('grpc-status-details-bin')[0]),
    });
  }
}

function isBusy(details: string | Buffer | undefined): boolean {
  if (!Buffer.isBuffer(details)) return false;
  // google.rpc.Status: the failure is the Any whose type URL names it; the cause is its field 1.
  const at = details.indexOf(busyType);
  if (at < 0) return false;
  const length = details[at + busyType.length + 1] ?? 0;
  const start = at + busyType.length + 2;
  const { cause } = ResourceExhaustedFailure.decode(details.subarray(start, start + length));
  return cause === ResourceExhaustedCause.RESOURCE_EXHAUSTED_CAUSE_BUSY_WORKFLOW;
}
