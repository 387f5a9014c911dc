/** What Kafka delivers, untouched. */
import type { IHeaders } from 'kafkajs';

export interface KafkaRecord {
  readonly topic: string;
  /** Tells a re-created topic, whose offsets begin again, from the one before it. */
  readonly generation: string;
  readonly partition: number;
  readonly offset: string;
  /** Milliseconds since the epoch, as Kafka's text. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

/**
 * Headers as they were on the wire, of those that kafkajs decoded. It collects them in an object and
 * takes what every object inherits for a first value: a header `constructor` or `__proto__` comes as
 * a list that begins with no value at all.
 */
export function wireHeaders(decoded: IHeaders): IHeaders {
  for (const name in decoded) if (name in Object.prototype) return withoutInherited(decoded);
  return decoded;
}

function withoutInherited(decoded: IHeaders): IHeaders {
  const entries = Object.entries(decoded).map(([name, value]) => {
    if (!(name in Object.prototype) || !Array.isArray(value)) return [name, value] as const;
    const sent = value.slice(1);
    return [name, sent.length === 1 ? sent[0] : sent] as const;
  });
  return Object.fromEntries(entries);
}
