/** A busy table's changes, as Debezium sends them without their schema. */
import type { Producer } from 'kafkajs';

/** Of so many records one is the transition that matters. */
const oneIn = 100;
const perSend = 5_000;
const startMs = 1_711_737_600_000;

/** Produces `count` updates of orders; `count / 100` of them confirm a pending order. */
export async function produceChanges(
  producer: Producer,
  topic: string,
  count: number,
): Promise<void> {
  for (let from = 0; from < count; from += perSend) {
    const messages = Array.from({ length: Math.min(perSend, count - from) }, (_, index) => ({
      key: `{"order_id":${String(from + index)}}`,
      value: changeOf(from + index),
    }));
    await producer.send({ topic, messages, acks: 1 });
  }
}

/** Whether order number `n` is one that is confirmed. */
export function isConfirmed(n: number): boolean {
  return n % oneIn === 0;
}

/** Written out, because a million are written: an update from `pending`, about 700 bytes. */
function changeOf(n: number): string {
  const row = (status: string): string =>
    `{"order_id":${String(n)},"customer_email":"customer.${String(n)}@example.com",` +
    `"status":"${status}","amount":"249.99","currency":"EUR","sku":"lamp-${String(n % 97)}",` +
    `"quantity":${String(1 + (n % 5))},"updated_at":"2026-03-29T18:40:00.123456Z"}`;
  const lsn = 24_023_128 + n * 64;
  return (
    `{"before":${row('pending')},"after":${row(isConfirmed(n) ? 'confirmed' : 'on_hold')},` +
    `"source":{"version":"3.3.1.Final","connector":"postgresql","name":"shop",` +
    `"ts_ms":${String(startMs + n)},"snapshot":"false","db":"ecommerce",` +
    `"sequence":"[\\"${String(lsn - 32)}\\",\\"${String(lsn)}\\"]","schema":"public",` +
    `"table":"orders","txId":${String(766 + n)},"lsn":${String(lsn)},"xmin":null},` +
    `"transaction":null,"op":"u","ts_ms":${String(startMs + n + 123)}}`
  );
}
