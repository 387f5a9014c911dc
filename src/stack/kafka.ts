/** One Kafka broker that is its own controller (KRaft). */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { type Child, startChild } from './child.js';
import { StackError } from './error.js';
import type { Folders } from './folders.js';
import { pidFile } from './leftovers.js';
import { complaintOf, guardedOutputOf } from './program.js';
import type { Ports } from './ports.js';

/** Any 16 bytes in base64; the same at every start, because the data folder carries it. */
const clusterId = 'SGVhZHJhY2VTdGFja0thZg';

export interface JavaPlace {
  readonly java: string;
  readonly jars: string;
}

/** Starts the broker on `ports.kafka`, its data in place of the last time. */
export async function startKafka(
  folders: Folders,
  ports: Pick<Ports, 'kafka' | 'kafkaController'>,
  { java, jars }: JavaPlace,
): Promise<Child> {
  const home = join(folders.data, 'kafka');
  const logs = join(home, 'logs');
  await mkdir(home, { recursive: true });
  const properties = join(home, 'server.properties');
  await writeFile(properties, settings(ports, logs));
  const logging = await quietLogging(home);
  const classpath = `${jars}/*`;
  if (!existsSync(join(logs, 'meta.properties'))) {
    const tool = [
      '-cp',
      classpath,
      `-Dlog4j2.configurationFile=${logging}`,
      'kafka.tools.StorageTool',
    ];
    const format = ['format', '--standalone', '-t', clusterId, '-c', properties];
    await guardedOutputOf(java, [...tool, ...format]).catch((cause: unknown) => {
      const problem = `its data folder could not be made: ${complaintOf(cause)}`;
      throw new StackError('kafka', problem, `delete ${home} and start again`, { cause });
    });
  }
  const heap = [
    '-Xms256m',
    '-Xmx512m',
    '-XX:+UseSerialGC',
    `-Dlog4j2.configurationFile=${logging}`,
  ];
  return startChild({
    part: 'kafka',
    command: java,
    args: [...heap, '-cp', classpath, 'kafka.Kafka', properties],
    logFile: join(folders.logs, 'kafka.log'),
    pidFile: pidFile(folders, 'kafka'),
    ready: () => answers(ports.kafka),
    readyWithinMs: 90_000,
  });
}

/** Warnings and worse, to standard output. */
export async function quietLogging(home: string): Promise<string> {
  const file = join(home, 'log4j2.properties');
  const lines = [
    'appender.out.type=Console',
    'appender.out.name=out',
    'appender.out.layout.type=PatternLayout',
    'appender.out.layout.pattern=%d{ISO8601} %p %c{1}: %m%n',
    'rootLogger.level=warn',
    'rootLogger.appenderRef.out.ref=out',
  ];
  await writeFile(file, lines.join('\n'));
  return file;
}

function settings(ports: Pick<Ports, 'kafka' | 'kafkaController'>, logs: string): string {
  const { kafka, kafkaController: controller } = ports;
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `PLAINTEXT://127.0.0.1:${String(kafka)},CONTROLLER://127.0.0.1:${String(controller)}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${String(kafka)}`,
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${String(controller)}`,
    'log.dirs': logs,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 8,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    // A broker that was killed is let in again once its session is over; the default is 9 s.
    'broker.session.timeout.ms': 4_000,
    'broker.heartbeat.interval.ms': 1_000,
    'log.retention.hours': 168,
    // Deleting a topic frees its files at once instead of after a minute.
    'log.segment.delete.delay.ms': 1_000,
  })
    .map(([key, value]) => `${key}=${String(value)}`)
    .join('\n');
}

async function answers(port: number): Promise<boolean> {
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${String(port)}`],
    connectionTimeout: 1_000,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    return brokers.length > 0;
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
