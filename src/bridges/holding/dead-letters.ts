/**
 * Shell: a rejected record, its reason and its origin, to the dead-letter topic.
 *
 * L1 Key, value, headers and timestamp are kept byte for byte, but for what `dead-letter-headers.ts`
 *    says; what we add are headers of our own. A timestamp that the topic refuses
 *    (`message.timestamp.after.max.ms`) becomes one of these.
 * L2 A letter is delivered when every in-sync replica has it. Until then `publish` rejects, and may
 *    be called again: it may then be there twice.
 * L3 Nothing blocks for ever: a topic that is missing is created, a client that failed is replaced,
 *    and a record too large for the topic leaves a letter without its value, if the value is kept
 *    elsewhere. What no retry can mend is refused: where it is not, and where we may not write.
 */
import { CompressionTypes, type Kafka, type Message, type Producer } from 'kafkajs';
import type { Logger } from 'pino';
import { deadLetterHeaders } from './dead-letter-headers.js';
import { ensureDeadLetterTopic, sizeLimitOf } from './dead-letter-topic.js';
import { kafkaRefusal } from '../intake/kafka-refusal.js';
import type { KafkaRecord } from '../matching/record.js';

/** How long the number of a topic's partitions is believed. */
const countMs = 60_000;

/** A record that could not be acted on, and why. */
export interface DeadLetter {
  readonly record: KafkaRecord;
  readonly route: string;
  readonly reason: string;
  readonly detail: string;
  /** What it was for: the lane of its command, where one could be made. */
  readonly lane?: string;
  readonly workflowId?: string;
  /** How often it was tried; default 1. */
  readonly attempts?: number;
  /** Milliseconds since the epoch; default now. */
  readonly firstFailedMs?: number;
}

export interface DeadLettersOptions {
  readonly topic: string;
  /** The consumer group that could not act on them. */
  readonly group: string;
  /** True: the records themselves are kept elsewhere, so that one too large may go without value. */
  readonly kept: boolean;
}

/** Thrown for a letter that the topic will not take until somebody mends it; says who and how. */
export class DeadLetterRefused extends Error {
  override readonly name = 'DeadLetterRefused';
}

/** The dead-letter topic, as the bridge writes it. */
export interface DeadLetters {
  /** L2. Rejects with `DeadLetterRefused` (L3), or with any other error for reasons of the moment. */
  publish(letter: DeadLetter): Promise<void>;
  close(): Promise<void>;
}

/** Opens the topic; it connects at the first letter. */
export function openDeadLetters(
  kafka: Kafka,
  { topic, group, kept }: DeadLettersOptions,
  log: Logger,
): DeadLetters {
  let producing: Promise<Producer> | undefined;
  /** By source: partitions of it and of the topic. */
  const counts = new Map<
    string,
    { readonly at: number; readonly counts: ReturnType<typeof ensureDeadLetterTopic> }
  >();
  const forget = (failed: Promise<Producer>): void => {
    if (producing !== failed) return;
    // L3: a kafkajs producer never recovers from a topic that was deleted under it.
    producing = undefined;
    counts.clear();
    failed.then((producer) => producer.disconnect()).catch(() => undefined);
  };
  const countsOf = (source: string): Promise<ReadonlyMap<string, number>> => {
    const known = counts.get(source);
    if (known !== undefined && Date.now() - known.at < countMs) return known.counts;
    const asked = ensureDeadLetterTopic(kafka, topic, [source]).catch((error: unknown) => {
      // Whoever may write a topic need not be allowed to describe it: sending will tell.
      log.debug({ topic, source, error }, 'partitions of the dead-letter topic are not known');
      return new Map<string, number>();
    });
    counts.set(source, { at: Date.now(), counts: asked });
    return asked;
  };
  const send = async (message: Message): Promise<void> => {
    producing ??= connected(kafka);
    const used = producing;
    try {
      await deliver(await used, topic, message);
    } catch (error) {
      if (!isTooLarge(error) && !isMistimed(error)) forget(used);
      const refusal = kafkaRefusal(error);
      throw refusal === undefined ? error : new DeadLetterRefused(`dead letters: ${refusal}`);
    }
  };
  const publish = async (letter: DeadLetter): Promise<void> => {
    const { record } = letter;
    const known = await countsOf(record.topic);
    const partition = partitionFor(record, known.get(record.topic), known.get(topic));
    let message = messageOf(letter, group, partition);
    try {
      await send(message).catch((error: unknown) => {
        if (!isMistimed(error)) throw error;
        message = withoutTime(message);
        return send(message);
      });
      return;
    } catch (error) {
      if (!isTooLarge(error)) throw error;
    }
    const bytes = record.value?.length ?? 0;
    if (!kept) throw tooLarge(letter, topic, await sizeLimitOf(kafka, topic));
    log.warn(
      { record: nameOf(record), bytes, topic },
      'too large for the dead-letter topic: the letter goes without its value',
    );
    await send(withoutContent(message, bytes));
  };
  const close = async (): Promise<void> => {
    const last = producing;
    producing = undefined;
    await last?.then((producer) => producer.disconnect()).catch(() => undefined);
  };
  return { publish, close };
}

/**
 * The partition of a letter: its own where both topics have as many, so that a key's letters keep
 * their order; else `undefined`, by the hash of the key, or by its own number where it has no key.
 */
export function partitionFor(
  { key, partition }: Pick<KafkaRecord, 'key' | 'partition'>,
  source: number | undefined,
  target: number | undefined,
): number | undefined {
  if (target === undefined) return undefined;
  if (source === target) return partition;
  return key === null ? partition % target : undefined;
}

/** A larger key is left out with its value. */
const keyLength = 2_000;

/** What is left of a letter that is too large: our headers, and the number of bytes it had. */
export function withoutContent(message: Message, bytes: number): Message {
  const ours = Object.entries(message.headers ?? {}).filter(([name]) =>
    /^__(dlq|headrace)\.errors\./.test(name),
  );
  return {
    ...message,
    // A large key would not fit either; the value tells nothing without it.
    key: (message.key?.length ?? 0) > keyLength ? null : (message.key ?? null),
    value: null,
    headers: { ...Object.fromEntries(ours), '__headrace.errors.omitted.bytes': String(bytes) },
  };
}

/** With the time of the broker in place of one that it refuses, which is kept as text. */
function withoutTime({ timestamp, ...message }: Message): Message {
  const headers = { ...message.headers, '__headrace.errors.timestamp': timestamp ?? '' };
  return { ...message, headers };
}

/** Without a store, the letter is all that would be left of the record: it may not be cut. */
function tooLarge({ record, reason }: DeadLetter, topic: string, limit: number | undefined) {
  const bytes = (record.key?.length ?? 0) + (record.value?.length ?? 0);
  const takes = limit === undefined ? '' : ` (max.message.bytes ${String(limit)})`;
  return new DeadLetterRefused(
    `dead letters: record ${nameOf(record)} (${reason}) of ${String(bytes)} bytes is more than the ` +
      `topic ${topic} takes${takes}, and is kept nowhere else. Raise max.message.bytes of that ` +
      'topic, or give the bridge a store, which keeps the record while its letter goes without value',
  );
}

function nameOf({ topic, partition, offset }: KafkaRecord): string {
  return `${topic}/${String(partition)}/${offset}`;
}

function messageOf(letter: DeadLetter, group: string, partition: number | undefined): Message {
  const { key, value, timestamp } = letter.record;
  const headers = deadLetterHeaders(letter, group);
  return { key, value, timestamp, headers, ...(partition === undefined ? {} : { partition }) };
}

async function connected(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, idempotent: false });
  await producer.connect();
  return producer;
}

/** L2; a letter too large as it is goes compressed, as its record may have come. */
async function deliver(producer: Producer, topic: string, message: Message): Promise<void> {
  const send = { topic, acks: -1, messages: [message] };
  try {
    await producer.send(send);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    await producer.send({ ...send, compression: CompressionTypes.GZIP });
  }
}

function isTooLarge(error: unknown): boolean {
  return isOf(error, 'MESSAGE_TOO_LARGE') || isOf(error, 'RECORD_LIST_TOO_LARGE');
}

function isMistimed(error: unknown): boolean {
  return isOf(error, 'INVALID_TIMESTAMP');
}

/** In the broker's words. */
function isOf(error: unknown, type: string): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('type' in at && at.type === type) return true;
  }
  return false;
}
