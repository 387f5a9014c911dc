/** No broker answers at all, in an operator's words. Pure. Source: kafkajs 2.2, `errors.js`. */
const names = ['KafkaJSConnectionError', 'KafkaJSConnectionClosedError', 'KafkaJSBrokerNotFound'];

/** What was tried and what to do; undefined for any other error. */
export function kafkaOutage(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (!names.includes(at.name)) continue;
    return `kafka: no broker answers: ${at.message}: start Kafka, or check KAFKA_BROKERS and KAFKA_TLS`;
  }
  return undefined;
}
