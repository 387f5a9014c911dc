/**
 * Shell: a rejected record, its reason and its origin, to the dead-letter topic.
 *
 * Key, value, headers and timestamp are kept byte for byte; what we add are headers of our own in
 * the broker's `__dlq.errors.*` family (KIP-1191) and `__headrace.errors.*`, all as text.
 */
import type { IHeaders, Producer } from 'kafkajs';
import type { DeadLetter } from './engine.js';

/** Kafka refuses records with very large headers; a detail is for reading, not for storage. */
const detailLength = 2_000;

/** The headers of a dead letter: those of the record, then ours. */
export function deadLetterHeaders(letter: DeadLetter, group: string): IHeaders {
  const { record, route, reason, detail } = letter;
  return {
    ...record.headers,
    '__dlq.errors.topic': record.topic,
    '__dlq.errors.partition': String(record.partition),
    '__dlq.errors.offset': record.offset,
    '__dlq.errors.group': group,
    '__dlq.errors.message': detail.slice(0, detailLength),
    '__headrace.errors.reason': reason,
    '__headrace.errors.route': route,
  };
}

/** Resolves when every in-sync replica has the dead letter; throws otherwise. */
export async function bury(
  producer: Producer,
  at: { topic: string; group: string },
  letter: DeadLetter,
): Promise<void> {
  const { record } = letter;
  await producer.send({
    topic: at.topic,
    acks: -1,
    messages: [
      {
        key: record.key,
        value: record.value,
        headers: deadLetterHeaders(letter, at.group),
        timestamp: record.timestamp,
        // The same partition keeps the order of a key for a later redrive.
        partition: record.partition,
      },
    ],
  });
}
