/** Payloads are made and read as the client that was handed in does it. */
import { Client } from '@temporalio/client';
import type { ConnectionLike } from '@temporalio/client';
import {
  defaultDataConverter,
  DefaultFailureConverter,
  type PayloadCodec,
} from '@temporalio/common';
import { encodeErrorToFailure } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import { expect, test } from 'vitest';
import {
  errorOf,
  metadataOf,
  payloadsOf,
  valueOf,
  workflowOwner,
} from '../../../src/bridges/temporal/payloads.js';
import type { Target } from '../../../src/bridges/temporal/target.js';
import { veil, veiled } from '../../support/veil.js';

/** A target whose client has `codecs`. */
function targetWith(...payloadCodecs: PayloadCodec[]): Target {
  const connection = {} as ConnectionLike;
  const client = new Client({ connection, dataConverter: { payloadCodecs } });
  const { options } = client;
  return {
    ...{ client: { connection, workflowService: {} as never, options }, namespace: 'n' },
    ...{ taskQueue: 'q', identity: 'i', deadlineMs: 1, start: () => Promise.resolve() },
  };
}

const values = [{ amount: '1.00' }, 'two'];

test('without codecs payloads are there at once, as the SDK makes them', () => {
  const target = targetWith();
  const payloads = payloadsOf(target, workflowOwner(target, 'w'), values);
  const { payloadConverter } = defaultDataConverter;
  expect(payloads).toEqual(values.map((value) => payloadConverter.toPayload(value)));
});

test('with a codec they pass through it, each way, with whom they belong to', async () => {
  const target = targetWith(veil);
  const owner = workflowOwner(target, 'w');
  const payloads = await payloadsOf(target, owner, values);
  expect(payloads.every(veiled)).toBe(true);
  expect(await valueOf(target, owner, payloads)).toEqual({ amount: '1.00' });
  const { summary } = await metadataOf(target, owner, 'in plain words');
  expect(await valueOf(target, owner, [summary ?? {}])).toBe('in plain words');
  await expect(valueOf(target, workflowOwner(target, 'v'), payloads)).rejects.toThrow(
    "temporal: the client's data converter cannot decode payloads: it is another's",
  );
});

test('nothing, and a failure, whose words may be encoded, too', async () => {
  const target = targetWith(veil);
  const owner = workflowOwner(target, 'w');
  expect(await valueOf(target, owner, [])).toBeUndefined();
  expect(await valueOf(target, owner, null)).toBeUndefined();
  const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
  const converter = { ...defaultDataConverter, failureConverter, payloadCodecs: [veil] };
  const failure = await encodeErrorToFailure(converter, new Error('it fell'), owner);
  expect(failure.message).not.toBe('it fell');
  expect(await errorOf(target, owner, failure)).toMatchObject({ message: 'it fell' });
});

test('a codec that fails is named', async () => {
  const lost = () => Promise.reject(new Error('the key is lost'));
  const target = targetWith({ encode: lost, decode: lost });
  const payloads = payloadsOf(target, workflowOwner(target, 'w'), values);
  await expect(payloads).rejects.toThrow(
    "temporal: the client's data converter cannot encode payloads: the key is lost",
  );
});
