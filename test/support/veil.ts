/** A codec that makes payloads unreadable, as one that encrypts does, and says whose they are. */
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import proto from '@temporalio/proto';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;
const encoding = 'test/veiled';

export const veil: PayloadCodec = {
  encode: (payloads, context) =>
    Promise.resolve(
      payloads.map((payload) => ({
        metadata: { encoding: Buffer.from(encoding), owner: Buffer.from(ownerOf(context)) },
        data: turned(PayloadMessage.encode(payload).finish()),
      })),
    ),
  decode: (payloads, context) =>
    Promise.resolve().then(() =>
      payloads.map((payload) => {
        if (!veiled(payload)) return payload;
        const owner = Buffer.from(payload.metadata?.['owner'] ?? []).toString();
        const reader = ownerOf(context);
        if (owner !== '' && reader !== '' && owner !== reader) {
          throw new Error(`it is another's: ${owner} is not ${reader}`);
        }
        const { metadata, data } = PayloadMessage.decode(turned(payload.data ?? new Uint8Array()));
        return { metadata, data };
      }),
    ),
};

/** True: nobody can read it without the codec. */
export function veiled({ metadata }: Payload): boolean {
  return Buffer.from(metadata?.['encoding'] ?? []).toString() === encoding;
}

function ownerOf(context: SerializationContext | undefined): string {
  if (context === undefined) return '';
  // An activity that a workflow runs is known by both; of one that nobody runs only by its own id.
  return context.type === 'workflow' ? context.workflowId : (context.activityId ?? '');
}

function turned(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte) => byte ^ 0x5a);
}
