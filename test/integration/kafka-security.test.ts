/** Kafka behind TLS and SASL: every mechanism of the configuration against a real broker. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaClient } from '../../src/bridges/kafka-client.js';
import { readConfig } from '../../src/config.js';
import { type Child, startChild } from '../../src/stack/child.js';
import { jarFolder, javaCommand } from '../../src/stack/java.js';
import { quietLogging } from '../../src/stack/kafka.js';
import { keptPorts } from '../../src/stack/ports.js';

const user = { KAFKA_SASL_USERNAME: 'ada', KAFKA_SASL_PASSWORD: 'lovelace-secret' };
const log = pino({ level: 'silent' });

/** An unsigned token, which a broker without an identity provider takes. */
function token(): string {
  const part = (content: object): string =>
    Buffer.from(JSON.stringify(content)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  return `${part({ alg: 'none' })}.${part({ sub: 'ada', iat: now, exp: now + 3_600 })}.`;
}

function settings(home: string, port: number, internal: number, controller: number): string {
  const login = 'org.apache.kafka.common.security';
  const { KAFKA_SASL_USERNAME: name, KAFKA_SASL_PASSWORD: password } = user;
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `listeners=SECURE://127.0.0.1:${String(port)},INSIDE://127.0.0.1:${String(internal)},CONTROLLER://127.0.0.1:${String(controller)}`,
    `advertised.listeners=SECURE://127.0.0.1:${String(port)},INSIDE://127.0.0.1:${String(internal)}`,
    'listener.security.protocol.map=SECURE:SASL_SSL,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name=INSIDE',
    'controller.listener.names=CONTROLLER',
    `controller.quorum.bootstrap.servers=127.0.0.1:${String(controller)}`,
    `log.dirs=${join(home, 'logs')}`,
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    `listener.name.secure.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required user_${name}="${password}";`,
    `listener.name.secure.scram-sha-256.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
    `listener.name.secure.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;`,
    `listener.name.secure.oauthbearer.sasl.jaas.config=${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
    `ssl.keystore.location=${join(home, 'broker.p12')}`,
    'ssl.keystore.type=PKCS12',
    'ssl.keystore.password=changeit',
  ].join('\n');
}

describe('Kafka behind TLS and SASL', () => {
  let home: string;
  let broker: Child;
  let brokers: string[];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'headrace-secure-'));
    const {
      kafka: port,
      kafkaController: controller,
      connect: internal,
    } = await keptPorts(join(home, 'ports.json'));
    brokers = [`127.0.0.1:${String(port)}`];
    const cache = readConfig(process.env).HEADRACE_CACHE;
    const [java, jars] = await Promise.all([javaCommand(cache), jarFolder(cache)]);
    const store = ['-keystore', join(home, 'broker.p12'), '-storepass', 'changeit'];
    const key = ['-genkeypair', '-alias', 'broker', '-keyalg', 'RSA', '-storetype', 'PKCS12'];
    const named = ['-dname', 'CN=localhost', '-ext', 'SAN=ip:127.0.0.1', '-validity', '1'];
    execFileSync('keytool', [...key, ...named, ...store], { stdio: 'pipe' });
    const ca = ['-exportcert', '-rfc', '-alias', 'broker', '-file', join(home, 'ca.pem')];
    execFileSync('keytool', [...ca, ...store], { stdio: 'pipe' });
    const properties = join(home, 'server.properties');
    await writeFile(properties, settings(home, port, internal, controller));
    const flags = ['-cp', `${jars}/*`, `-Dlog4j2.configurationFile=${await quietLogging(home)}`];
    const { KAFKA_SASL_USERNAME: name, KAFKA_SASL_PASSWORD: password } = user;
    const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]);
    const format = ['format', '--standalone', '-t', 'SGVhZHJhY2VTdGFja0thZg', '-c', properties];
    execFileSync(java, [...flags, 'kafka.tools.StorageTool', ...format, ...scram], {
      stdio: 'pipe',
    });
    broker = await startChild({
      part: 'kafka',
      command: java,
      args: ['-Xmx256m', ...flags, 'kafka.Kafka', properties],
      logFile: join(home, 'kafka.log'),
      ready: () =>
        new Promise((resolve) => {
          const socket = createConnection(port, '127.0.0.1', () => {
            socket.destroy();
            resolve(true);
          });
          socket.once('error', () => {
            resolve(false);
          });
        }),
      readyWithinMs: 90_000,
    });
  });
  afterAll(async () => {
    await broker.kill();
    await rm(home, { recursive: true, force: true });
  });

  const reach = async (env: Readonly<Record<string, string>>): Promise<number> => {
    const config = readConfig({
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA_FILE: join(home, 'ca.pem'),
      ...env,
    });
    const admin = kafkaClient(config, brokers, log).admin({ retry: { retries: 3 } });
    try {
      await admin.connect();
      return (await admin.describeCluster()).brokers.length;
    } finally {
      await admin.disconnect();
    }
  };

  it.each([
    ['plain', user],
    ['scram-sha-256', user],
    ['scram-sha-512', user],
    ['oauthbearer', { KAFKA_SASL_TOKEN: token() }],
  ])('%s', async (mechanism, credentials) => {
    expect(await reach({ KAFKA_SASL_MECHANISM: mechanism, ...credentials })).toBe(1);
  });

  it('wrong credentials are refused, and not repeated in the error', async () => {
    const wrong = { ...user, KAFKA_SASL_PASSWORD: 'guessed-secret' };
    const refusal = reach({ KAFKA_SASL_MECHANISM: 'plain', ...wrong });
    await expect(refusal).rejects.toThrow(/authentication/i);
    await expect(refusal).rejects.not.toThrow(/guessed-secret/);
  });
});
