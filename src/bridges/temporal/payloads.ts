/**
 * Shell: values become Temporal's payloads, and payloads values, by the data converter of the client
 * that was handed in: its converters, then its codecs. What is encrypted everywhere else is so here.
 *
 * Without codecs, as most clients are, nothing waits: starts are limited by the processor.
 */
import type { Payload, SerializationContext } from '@temporalio/common';
import {
  decode,
  decodeOptionalFailureToOptionalError,
  encode,
} from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import type proto from '@temporalio/proto';
import type { Target } from './target.js';

type Failure = proto.temporal.api.failure.v1.IFailure;
type Protos = readonly proto.temporal.api.common.v1.IPayload[] | null | undefined;
type MaybeLater<T> = T | Promise<T>;

/** Whom payloads belong to: a converter or a codec may bind them to it. */
export type Owner = SerializationContext;

export function workflowOwner({ namespace }: Target, workflowId: string): Owner {
  return { type: 'workflow', namespace, workflowId };
}

export function activityOwner({ namespace }: Target, activityId: string): Owner {
  return { type: 'activity', namespace, activityId, isLocal: false };
}

/** One payload each. */
export function payloadsOf(
  target: Target,
  owner: Owner,
  values: readonly unknown[],
): MaybeLater<Payload[]> {
  const { payloadConverter, payloadCodecs } = converterOf(target);
  const payloads = values.map((value) => payloadConverter.toPayload(value, owner));
  return payloadCodecs.length === 0
    ? payloads
    : through('encode', encode(payloadCodecs, payloads, owner));
}

/** How a run is read in Temporal's UI: one line. */
export async function metadataOf(target: Target, owner: Owner, summary: string) {
  const [payload] = await payloadsOf(target, owner, [summary]);
  return { summary: payload ?? null };
}

/** The first value; `undefined` where there is none. */
export async function valueOf<T>(
  target: Target,
  owner: Owner,
  payloads: Protos,
): Promise<T | undefined> {
  const { payloadConverter, payloadCodecs } = converterOf(target);
  const [first] = payloads ?? [];
  if (first === undefined) return undefined;
  if (payloadCodecs.length === 0) return payloadConverter.fromPayload<T>(first, owner);
  const [payload] = await through('decode', decode(payloadCodecs, [first], owner));
  return payload === undefined ? undefined : payloadConverter.fromPayload<T>(payload, owner);
}

/** What went wrong, with its causes. */
export async function errorOf(target: Target, owner: Owner, failure: Failure): Promise<Error> {
  const converter = converterOf(target);
  const error = await through(
    'decode',
    decodeOptionalFailureToOptionalError(converter, failure, owner),
  );
  return error ?? new Error('a failure without words');
}

function converterOf({ client }: Target) {
  return client.options.loadedDataConverter;
}

/** What a codec throws would else be told without whose it is. */
async function through<T>(way: 'encode' | 'decode', work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const cause = `temporal: the client's data converter cannot ${way} payloads: ${why}`;
    throw new Error(cause, { cause: error });
  }
}
