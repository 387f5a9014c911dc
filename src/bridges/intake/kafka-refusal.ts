/**
 * What Kafka refuses for good: credentials and rights, which no retry mends and which hold for every
 * record. Pure.
 *
 * Source: kafkajs 2.2, `errors.js`, `protocol/error.js`, `broker/saslAuthenticator`. It calls
 * whatever goes wrong while it authenticates an authentication error, a lost connection too.
 */
interface KafkaError extends Error {
  readonly type?: unknown;
}

const credentials =
  'check KAFKA_SASL_MECHANISM, and KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, or KAFKA_SASL_TOKEN';

/** By the broker's word for it: what to do. */
const remedies: Readonly<Record<string, string>> = {
  SASL_AUTHENTICATION_FAILED: credentials,
  UNSUPPORTED_SASL_MECHANISM: credentials,
  TOPIC_AUTHORIZATION_FAILED:
    'allow our user READ and DESCRIBE on the topics of the routes, and WRITE and DESCRIBE on the ' +
    'dead-letter topic',
  GROUP_AUTHORIZATION_FAILED: 'allow our user READ on the consumer group (HEADRACE_GROUP)',
  CLUSTER_AUTHORIZATION_FAILED: 'allow our user what the broker says on the cluster',
};

const ofTheMoment = /connect|clos(?:ed|ing)|timed out|timeout|ECONN|EPIPE|ENOTFOUND/i;

/** What was refused and what to do, without secrets; undefined for any other error. */
export function kafkaRefusal(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const remedy = remedyFor(at);
    if (remedy !== undefined) return `kafka: the broker refuses us: ${at.message}: ${remedy}`;
  }
  return undefined;
}

function remedyFor({ name, type, message }: KafkaError): string | undefined {
  if (name === 'KafkaJSSASLAuthenticationError') {
    return ofTheMoment.test(message) ? undefined : credentials;
  }
  return typeof type === 'string' ? remedies[type] : undefined;
}
