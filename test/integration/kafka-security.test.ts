/**
 * Kafka behind TLS and SASL: every mechanism of the configuration against a real broker, and what a
 * bridge does when the broker refuses it.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import kafkajs, { type Admin, Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Bridge, runBridge } from '../../src/bridge.js';
import { kafkaClient } from '../../src/bridges/intake/kafka-client.js';
import { createTopics } from '../../src/bridges/intake/topic-creation.js';
import { readConfig } from '../../src/config.js';
import { type Child, startChild } from '../../src/stack/child.js';
import { jarFolder, javaCommand } from '../../src/stack/java.js';
import { quietLogging } from '../../src/stack/kafka.js';
import { keptPorts } from '../../src/stack/ports.js';
import { entryRoute } from '../support/ledger-entries.js';
import { eventually } from '../support/site.js';

const user = { KAFKA_SASL_USERNAME: 'ada', KAFKA_SASL_PASSWORD: 'lovelace-secret' };
const log = pino({ level: 'silent' });

/** An unsigned token, which a broker without an identity provider takes. */
function token(): string {
  const part = (content: object): string =>
    Buffer.from(JSON.stringify(content)).toString('base64url');
  const now = Math.floor(Date.now() / 1_000);
  return `${part({ alg: 'none' })}.${part({ sub: 'ada', iat: now, exp: now + 3_600 })}.`;
}

interface Place {
  readonly home: string;
  readonly port: number;
  readonly internal: number;
  readonly controller: number;
}

function settings({ home, port, internal, controller }: Place, password: string): string {
  const login = 'org.apache.kafka.common.security';
  const { KAFKA_SASL_USERNAME: name } = user;
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
    'offsets.topic.replication.factor=1',
    'group.initial.rebalance.delay.ms=0',
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'allow.everyone.if.no.acl.found=true',
    // Who comes from inside.
    'super.users=User:ANONYMOUS',
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
  let place: Place;
  let broker: Child;
  let brokers: string[];

  /** Starts the broker, with `password` for PLAIN. */
  const start = async (password: string): Promise<void> => {
    const { home, port } = place;
    const properties = join(home, 'server.properties');
    await writeFile(properties, settings(place, password));
    const cache = readConfig(process.env).HEADRACE_CACHE;
    const [java, jars] = await Promise.all([javaCommand(cache), jarFolder(cache)]);
    const flags = ['-cp', `${jars}/*`, `-Dlog4j2.configurationFile=${await quietLogging(home)}`];
    if (!existsSync(join(home, 'logs'))) {
      const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${user.KAFKA_SASL_USERNAME},password=${password}]`,
      ]);
      const format = ['format', '--standalone', '-t', 'SGVhZHJhY2VTdGFja0thZg', '-c', properties];
      execFileSync(java, [...flags, 'kafka.tools.StorageTool', ...format, ...scram], {
        stdio: 'pipe',
      });
    }
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
  };

  beforeAll(async () => {
    const home = await mkdtemp(join(tmpdir(), 'headrace-secure-'));
    const { kafka, kafkaController, connect } = await keptPorts(join(home, 'ports.json'));
    place = { home, port: kafka, internal: connect, controller: kafkaController };
    brokers = [`127.0.0.1:${String(kafka)}`];
    const store = ['-keystore', join(home, 'broker.p12'), '-storepass', 'changeit'];
    const key = ['-genkeypair', '-alias', 'broker', '-keyalg', 'RSA', '-storetype', 'PKCS12'];
    const named = ['-dname', 'CN=localhost', '-ext', 'SAN=ip:127.0.0.1', '-validity', '1'];
    execFileSync('keytool', [...key, ...named, ...store], { stdio: 'pipe' });
    const ca = ['-exportcert', '-rfc', '-alias', 'broker', '-file', join(home, 'ca.pem')];
    execFileSync('keytool', [...ca, ...store], { stdio: 'pipe' });
    await start(user.KAFKA_SASL_PASSWORD);
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((bridge) => bridge.stop()));
  });
  afterAll(async () => {
    await broker.kill();
    await rm(place.home, { recursive: true, force: true });
  });

  const secured = (env: Readonly<Record<string, string>>): Kafka => {
    const ca = join(place.home, 'ca.pem');
    const config = readConfig({ KAFKA_TLS: 'true', KAFKA_TLS_CA_FILE: ca, ...env });
    return kafkaClient(config, brokers, log);
  };
  const reach = async (env: Readonly<Record<string, string>>): Promise<number> => {
    const admin = secured(env).admin({ retry: { retries: 3 } });
    try {
      await admin.connect();
      return (await admin.describeCluster()).brokers.length;
    } finally {
      await admin.disconnect();
    }
  };

  const running: Bridge[] = [];
  const address = inject('addresses').temporalAddress;
  const client = new Client({ connection: Connection.lazy({ address }) });
  const plain = { KAFKA_SASL_MECHANISM: 'plain', ...user };
  /** A bridge that reads a topic of its own, which is the name of its group too. */
  const bridge = async (
    before: (topic: string, admin: Admin) => Promise<unknown> = () => Promise.resolve(),
    password = user.KAFKA_SASL_PASSWORD,
  ): Promise<Bridge & { topic: string }> => {
    const topic = `secure-${randomUUID().slice(0, 8)}`;
    await inside(async (admin) => {
      await createTopics(admin, [{ topic, numPartitions: 1 }]);
      await before(topic, admin);
    });
    const started = await runBridge({
      ...{ client, log, groupId: topic, deadLetterTopic: `${topic}-letters` },
      kafka: secured({ ...plain, KAFKA_SASL_PASSWORD: password }),
      routes: [entryRoute(topic)],
    });
    running.push(started);
    return { ...started, topic };
  };
  /** What an operator does. */
  const inside = async (work: (admin: Admin) => Promise<void>): Promise<void> => {
    const at = `127.0.0.1:${String(place.internal)}`;
    const admin = new Kafka({ brokers: [at], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await work(admin);
    } finally {
      await admin.disconnect();
    }
  };
  /** Our user may do everything with `name` but `operation`. */
  const deny = (
    what: 'TOPIC' | 'GROUP',
    name: string,
    operation: 'READ' | 'DESCRIBE' | 'WRITE',
  ) => {
    const rule = {
      resourceType: kafkajs.AclResourceTypes[what],
      resourceName: name,
      resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
      ...{ principal: `User:${user.KAFKA_SASL_USERNAME}`, host: '*' },
    };
    const { ALLOW, DENY } = kafkajs.AclPermissionTypes;
    return {
      acl: [
        { ...rule, operation: kafkajs.AclOperationTypes.ALL, permissionType: ALLOW },
        { ...rule, operation: kafkajs.AclOperationTypes[operation], permissionType: DENY },
      ],
    };
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

  it('a bridge with wrong credentials halts where it starts, and does not tell them', async () => {
    const { halted } = await bridge(undefined, 'guessed-secret');
    await expect(halted).rejects.toThrow(/kafka: the broker refuses us: .*: check KAFKA_SASL_/);
    await expect(halted).rejects.not.toThrow(/guessed-secret/);
  });

  it('a bridge that may not join its group halts', async () => {
    const { halted } = await bridge((topic, admin) =>
      admin.createAcls(deny('GROUP', topic, 'READ')),
    );
    await expect(halted).rejects.toThrow(/group.*allow our user READ .*HEADRACE_GROUP/i);
  });

  it('so does one that may not see its group', async () => {
    const { halted } = await bridge((topic, admin) =>
      admin.createAcls(deny('GROUP', topic, 'DESCRIBE')),
    );
    await expect(halted).rejects.toThrow(/group.*allow our user READ .*HEADRACE_GROUP/i);
  });

  it('so does one that may not see its topic', async () => {
    const { halted, topic } = await bridge((name, admin) =>
      admin.createAcls(deny('TOPIC', name, 'DESCRIBE')),
    );
    await expect(halted).rejects.toThrow(new RegExp(`${topic}.*allow our user READ`));
  });

  it('so does one that may not write its dead letters', async () => {
    const { halted, topic } = await bridge((name, admin) =>
      admin.createAcls(deny('TOPIC', `${name}-letters`, 'WRITE')),
    );
    const producer = secured(plain).producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ key: 'k', value: 'not an event' }] });
    await producer.disconnect();
    await expect(halted).rejects.toThrow(/dead letters: kafka: .* WRITE and DESCRIBE/);
  });

  it('a topic that it may read no more halts it while it runs', async () => {
    const reader = await bridge();
    await eventually('partitions', () => Promise.resolve(reader.assigned()));
    await inside(async (admin) => {
      await admin.createAcls(deny('TOPIC', reader.topic, 'READ'));
    });
    await expect(reader.halted).rejects.toThrow(/allow our user READ/);
  });

  it('credentials that are changed while it runs halt it; a broker that is away does not', async () => {
    const reader = await bridge();
    await eventually('partitions', () => Promise.resolve(reader.assigned()));
    await broker.kill();
    await eventually('the loss to be noticed', () => Promise.resolve(!reader.assigned()));
    expect(reader.haltedBy()).toBeUndefined();
    await start('another-secret');
    const refused = /kafka: the broker refuses us: .*: check KAFKA_SASL_/;
    await expect(reader.halted).rejects.toThrow(refused);
    await expect(reader.halted).rejects.not.toThrow(/secret/);
  }, 120_000);
});
