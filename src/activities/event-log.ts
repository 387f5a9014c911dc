/**
 * The event log: Kafka's records of a range of time, read again, once, to the end that was known
 * when the reading began.
 *
 * L1 Every record with a timestamp in the range that was in the log at the start is handed over,
 *    exactly once. Timestamps are the producers' and need not rise along a partition: reading begins
 *    at the first record that is not older than the range, and goes on until the first that is
 *    `slackMs` younger. What lies between and has another timestamp is handed over too.
 * L2 Memory is bounded by one fetch: the next is taken when the last has been handed over.
 * L3 It ends, or fails: gaps of compaction and markers of transactions count as progress, and a
 *    reader without progress fails with `EventLogStalled`.
 * L4 It leaves nothing behind: no offset is committed, and its group is deleted.
 */
import { randomUUID } from 'node:crypto';
import type { Admin, Batch, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { createClusterConsumer } from '../bridges/intake/consumer-cluster.js';
import type { KafkaRecord } from '../bridges/matching/record.js';
import { matchesTopic, type TopicPattern } from '../bridges/matching/topic-pattern.js';

export interface LogRequest {
  readonly topics: readonly TopicPattern[];
  readonly fromMs: number;
  /** Not included; `Infinity`: to the end of the log. */
  readonly toMs: number;
  /** How far timestamps may be out of order. */
  readonly slackMs: number;
  /** The throw-away consumer group's name begins so. */
  readonly groupPrefix: string;
  /** Takes the records of one fetch of one partition, in their order. */
  readonly take: (records: readonly KafkaRecord[]) => void | Promise<void>;
  /** Called on every progress. */
  readonly heartbeat: () => void;
  readonly signal: AbortSignal;
  /** Without progress for so long, it fails; default 30 s. */
  readonly stallMs?: number;
}

export interface LogReading {
  /** True when records of the range may have passed Kafka's retention: absence proves nothing. */
  readonly cutOff: boolean;
}

/** Thrown when a partition brings nothing, though its end is not reached. */
export class EventLogStalled extends Error {
  override readonly name = 'EventLogStalled';
}

/** The part of a partition that is still to be read: [next, end). */
interface Span {
  readonly topic: string;
  readonly partition: number;
  next: bigint;
  readonly end: bigint;
  readonly cutOff: boolean;
}

/**
 * Reads the records of a range. Topics that do not exist hold none.
 * @throws EventLogStalled; the signal's reason when cancelled; whatever `take` throws.
 */
export async function readEventLog(kafka: Kafka, request: LogRequest): Promise<LogReading> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const existing = await admin.listTopics();
    const topics = existing.filter((topic) => matchesTopic(request.topics, topic));
    const spans = (await Promise.all(topics.map((t) => spansOf(admin, t, request)))).flat();
    request.heartbeat();
    const open = spans.filter(({ next, end }) => next < end);
    if (open.length > 0) await drain(kafka, admin, open, request);
    return { cutOff: spans.some(({ cutOff }) => cutOff) };
  } finally {
    await admin.disconnect();
  }
}

async function spansOf(admin: Admin, topic: string, request: LogRequest): Promise<Span[]> {
  const at = (ms: number) => admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, ms));
  const known = await admin.fetchTopicOffsets(topic);
  const begins = await at(request.fromMs);
  const atEnd = known.map(({ partition, high }) => ({ partition, offset: high }));
  const ends = request.toMs === Infinity ? atEnd : await at(request.toMs + request.slackMs);
  return known.map(({ partition, low }) => {
    const offsetIn = (offsets: typeof begins): bigint =>
      BigInt(offsets.find((each) => each.partition === partition)?.offset ?? low);
    const next = offsetIn(begins);
    // The oldest record that is left is already of the range: older ones of it may be gone.
    const cutOff = BigInt(low) > 0n && next <= BigInt(low);
    return { topic, partition, next, end: offsetIn(ends), cutOff };
  });
}

async function drain(
  kafka: Kafka,
  admin: Admin,
  spans: readonly Span[],
  request: LogRequest,
): Promise<void> {
  const groupId = `${request.groupPrefix}-${randomUUID()}`;
  const { consumer } = createClusterConsumer(kafka, {
    groupId,
    sessionTimeout: 30_000,
    maxWaitTimeInMs: 250,
    allowAutoTopicCreation: false,
    // A crash is this activity's failure; its retry begins anew.
    retry: { restartOnFailure: () => Promise.resolve(false) },
  });
  await consumer.connect();
  try {
    // fromBeginning: a group without offsets must not wait for records that are still to come.
    const topics = [...new Set(spans.map(({ topic }) => topic))];
    await consumer.subscribe({ topics, fromBeginning: true });
    await consume(consumer, spans, request);
  } finally {
    await consumer.disconnect();
    // Best effort: the broker itself removes a group without members and offsets.
    await admin.deleteGroups([groupId]).catch(() => undefined);
  }
}

/** Runs the consumer until every span has been read. */
async function consume(
  consumer: Consumer,
  spans: readonly Span[],
  request: LogRequest,
): Promise<void> {
  const { signal, stallMs = 30_000 } = request;
  const spanOf = (topic: string, partition: number): Span | undefined =>
    spans.find((span) => span.topic === topic && span.partition === partition);
  let progressAt = Date.now();
  const { promise: finished, resolve, reject } = deferred();
  const abort = (): void => {
    reject(signal.reason);
  };
  const watch = setInterval(() => {
    if (Date.now() - progressAt < stallMs) return;
    const stuck = spans.filter(({ next, end }) => next < end);
    const where = stuck.map((span) => `${span.topic}/${span.partition}/${span.next}`).join(', ');
    reject(new EventLogStalled(`event log: no progress for ${stallMs} ms at ${where}`));
  }, 1_000);
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    // Joined, nothing fetched yet: the only moment at which a seek is surely in time.
    position(consumer, payload.memberAssignment, spanOf);
  });
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    reject(payload.error);
  });
  // Also told of batches that hold only markers or compacted records, which `eachBatch` never sees.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    const span = spanOf(payload.topic, payload.partition);
    if (span === undefined) return;
    progressAt = Date.now();
    request.heartbeat();
    span.next = BigInt(payload.lastOffset) + 1n;
    if (span.next < span.end) return;
    consumer.pause([{ topic: span.topic, partitions: [span.partition] }]);
    if (spans.every(({ next, end }) => next >= end)) resolve();
  });
  const eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
    const span = spanOf(batch.topic, batch.partition);
    if (span === undefined) return;
    try {
      await request.take(recordsOf(batch, span));
    } catch (error) {
      // kafkajs would hand the batch over again; this reading fails as a whole instead.
      reject(error);
    }
  };
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const running = consumer.run({ autoCommit: false, eachBatch });
    await Promise.race([Promise.all([running, finished]), finished]);
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', abort);
  }
}

function deferred() {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((whenDone, whenFailed) => {
    resolve = whenDone;
    reject = whenFailed;
  });
  return { promise, resolve, reject };
}

function position(
  consumer: Consumer,
  assignment: Readonly<Record<string, readonly number[]>>,
  spanOf: (topic: string, partition: number) => Span | undefined,
): void {
  for (const [topic, partitions] of Object.entries(assignment)) {
    for (const partition of partitions) {
      const span = spanOf(topic, partition);
      if (span === undefined || span.next >= span.end) {
        consumer.pause([{ topic, partitions: [partition] }]);
      } else {
        consumer.seek({ topic, partition, offset: String(span.next) });
      }
    }
  }
}

function recordsOf({ topic, partition, messages }: Batch, { next, end }: Span): KafkaRecord[] {
  const wanted = messages.filter(({ offset }) => BigInt(offset) >= next && BigInt(offset) < end);
  return wanted.map(({ key, value, headers = {}, offset, timestamp }) => {
    // What is compared are events and runs, not positions: no generation is asked for.
    return { topic, generation: '', partition, offset, timestamp, key, value, headers };
  });
}
