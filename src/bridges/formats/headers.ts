import type { KafkaRecord } from '../matching/record.js';

/** A header's text; of several with this name the last, as Connect reads them. */
export function headerText({ headers }: KafkaRecord, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value.at(-1) : value)?.toString();
}
