/** The events that scenarios feed, keyed so that one workflow's events share a partition. */
import type { Producer } from 'kafkajs';
import type { BenchEvent } from './workflows/index.js';

/** Produces `n` as event number `n` of workflow `key`. */
export async function produce(
  producer: Producer,
  topic: string,
  steps: readonly { readonly key: string; readonly n: number }[],
): Promise<void> {
  for (let from = 0; from < steps.length; from += 1_000) {
    const messages = steps.slice(from, from + 1_000).map((step) => ({
      key: step.key,
      value: JSON.stringify(eventOf(step)),
    }));
    await producer.send({ topic, messages, acks: -1 });
  }
}

function eventOf(step: { readonly key: string; readonly n: number }): Omit<BenchEvent, 'position'> {
  return {
    id: `${step.key}/${String(step.n)}`,
    type: 'bench.event',
    occurredAt: new Date().toISOString(),
    data: { key: step.key, n: step.n },
  };
}
