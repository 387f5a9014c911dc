/** Kafka Connect with Debezium's Postgres connector, one process, offsets in a file. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, startChild } from './child.js';
import { connectorFile } from './connector.js';
import type { Folders } from './folders.js';
import { pidFile } from './leftovers.js';
import { type JavaPlace, quietLogging } from './kafka.js';

/**
 * Starts Connect with its REST interface on `port`. A connector that was registered before starts
 * with it, from the offsets it had reached.
 */
export async function startConnect(
  folders: Folders,
  port: number,
  brokers: readonly string[],
  { java, jars }: JavaPlace,
): Promise<Child> {
  const home = join(folders.data, 'connect');
  await mkdir(home, { recursive: true });
  const properties = join(home, 'connect.properties');
  await writeFile(properties, settings(port, brokers, join(home, 'offsets')));
  const connector = connectorFile(folders);
  const flags = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  return startChild({
    part: 'connect',
    command: java,
    args: [
      ...flags,
      `-Dlog4j2.configurationFile=${await quietLogging(home)}`,
      '-cp',
      `${jars}/*`,
      'org.apache.kafka.connect.cli.ConnectStandalone',
      properties,
      ...(existsSync(connector) ? [connector] : []),
    ],
    logFile: join(folders.logs, 'connect.log'),
    pidFile: pidFile(folders, 'connect'),
    ready: async () => (await fetch(`http://127.0.0.1:${String(port)}/connectors`)).ok,
    readyWithinMs: 120_000,
  });
}

function settings(port: number, brokers: readonly string[], offsets: string): string {
  return Object.entries({
    'bootstrap.servers': brokers.join(','),
    listeners: `http://127.0.0.1:${String(port)}`,
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': false,
    'value.converter.schemas.enable': false,
    'offset.storage.file.filename': offsets,
    'offset.flush.interval.ms': 1_000,
    'plugin.discovery': 'service_load',
    'producer.linger.ms': 0,
  })
    .map(([key, value]) => `${key}=${String(value)}`)
    .join('\n');
}
