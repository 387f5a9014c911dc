/** What the worker can do to the world: the activities with everything they need. */
import nodemailer from 'nodemailer';
import { createActivities, type Expectation } from './activities/index.js';
import { configuredDecoder } from './bridges/matching/decoder.js';
import { type RouteTable, routeTable } from './bridges/matching/route.js';
import type { KafkaRecord } from './bridges/matching/record.js';
import { shopRoutes } from './bridges/routes.js';
import type { LaunchOptions } from './launch.js';

/** All activities, ready to be registered with a worker. */
export function workerActivities({
  config,
  clients,
  addresses,
  gatewayUrl,
}: LaunchOptions): object {
  const { SMTP_USERNAME: user, SMTP_PASSWORD: pass, PAYMENT_GATEWAY_TOKEN: token } = config;
  const mailer = nodemailer.createTransport({
    host: addresses.smtpHost,
    port: addresses.smtpPort,
    ...(user === undefined ? {} : { auth: { user, pass } }),
  });
  // The pace does not matter here: only which workflow an event belongs to.
  const decoder = configuredDecoder(config);
  const table = routeTable(shopRoutes({ dayMs: 1 }), { decoder });
  return createActivities({
    pool: clients.pool,
    mailer,
    gateway: { url: gatewayUrl, ...(token === undefined ? {} : { token }) },
    operators: config.HEADRACE_OPERATORS,
    from: config.NOTICES_FROM,
    reconciliation: {
      kafka: clients.kafka,
      pool: clients.pool,
      client: clients.client,
      namespace: clients.namespace,
      topics: table.topics,
      prepare: (records) => decoder.prepare(records),
      interpret: (record) => expectationsOf(table, record),
      group: `${config.HEADRACE_GROUP}-reconciliation`,
    },
  });
}

function expectationsOf(table: RouteTable, record: KafkaRecord): readonly Expectation[] {
  return table.decide(record).flatMap((decision): Expectation[] => {
    if (decision.kind !== 'dispatch') return [];
    const { route, command } = decision;
    const { kind, event } = command;
    // Only what starts or signals a workflow leaves a run to be found.
    if (kind === 'run' || kind === 'update' || kind === 'cancel') return [];
    const { workflowId } = command;
    return [{ route, workflowId, kind, eventType: event.type, data: event.data }];
  });
}
