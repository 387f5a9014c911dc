/**
 * The headers of a dead letter. Pure.
 *
 * Ours are text, in the broker's `__dlq.errors.*` family (KIP-1191) and `__headrace.errors.*`. A
 * header of the record that has no value, which kafkajs cannot write, is there without a byte, and
 * is named in one of ours.
 */
import type { IHeaders } from 'kafkajs';
import type { DeadLetter } from './dead-letters.js';

type HeaderValue = IHeaders[string];

/** Kafka refuses records with very large headers; a detail is for reading, not for storage. */
const detailLength = 2_000;
const noBytes = Buffer.alloc(0);

/** Those of the record, then ours. */
export function deadLetterHeaders(letter: DeadLetter, group: string, nowMs = Date.now()): IHeaders {
  const { record, route, reason, detail, lane, workflowId, attempts, firstFailedMs } = letter;
  return {
    ...writable(record.headers),
    '__dlq.errors.topic': record.topic,
    '__dlq.errors.partition': String(record.partition),
    '__dlq.errors.offset': record.offset,
    '__dlq.errors.group': group,
    '__dlq.errors.delivery.count': String(attempts ?? 1),
    '__dlq.errors.message': detail.slice(0, detailLength),
    '__headrace.errors.reason': reason,
    '__headrace.errors.route': route,
    '__headrace.errors.generation': record.generation,
    '__headrace.errors.first.failed.at': new Date(firstFailedMs ?? nowMs).toISOString(),
    ...(lane === undefined ? {} : { '__headrace.errors.queue': lane }),
    ...(workflowId === undefined ? {} : { '__headrace.errors.workflow.id': workflowId }),
  };
}

/** The record's headers; the names of those without a value as a JSON list. */
function writable(headers: IHeaders): IHeaders {
  const names = Object.keys(headers).filter((name) => [headers[name]].flat().some(isMissing));
  if (names.length === 0) return headers;
  const filled = Object.entries(headers).map(([name, value]) => {
    const whole = Array.isArray(value) ? value.map(orNoBytes) : orNoBytes(value);
    return [name, whole] as const;
  });
  const told = { '__headrace.errors.null.headers': JSON.stringify(names) };
  return { ...Object.fromEntries(filled), ...told };
}

/** A header may have no value on the wire, whatever the types say. */
function isMissing(value: HeaderValue): boolean {
  return value == null;
}

function orNoBytes(value: Buffer | string | undefined): Buffer | string {
  return value ?? noBytes;
}
