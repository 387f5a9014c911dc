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
