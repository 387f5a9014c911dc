/** A real schema registry: Apicurio through its Confluent-compatible interface, content in memory. */
import { type AddressInfo, createServer } from 'node:net';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readConfig } from '../../src/config.js';
import { cached } from '../../src/stack/cache.js';
import { type Child, startChild } from '../../src/stack/child.js';
import { javaCommand } from '../../src/stack/java.js';
import { outputOf } from '../../src/stack/program.js';

/** The last line that runs on Java 17. */
const version = '2.6.13.Final';
const program = `apicurio-registry-app-${version}`;

export interface Registry {
  readonly url: string;
  /** Registers a schema under `subject` and answers its id. */
  register(subject: string, schema: RegisteredSchema): Promise<number>;
  /** A registry that hangs, and goes on. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export interface RegisteredSchema {
  readonly schemaType: 'AVRO' | 'PROTOBUF' | 'JSON';
  readonly schema: string;
  readonly references?: readonly { name: string; subject: string; version: number }[];
}

/** Starts a registry on a free port; its log is beside those of the test stack. */
export async function startRegistry(): Promise<Registry> {
  const cache = resolve(readConfig(process.env).HEADRACE_CACHE);
  const home = await cached(cache, program, fetchRegistry);
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}/apis/ccompat/v7`;
  const child: Child = await startChild({
    part: 'registry',
    command: await javaCommand(cache),
    args: [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      `-Dquarkus.http.port=${String(port)}`,
      '-Dquarkus.http.host=127.0.0.1',
      '-jar',
      join(home, `${program}-runner.jar`),
    ],
    logFile: '.headrace-test/logs/registry.log',
    ready: async () => (await fetch(`${url}/subjects`)).ok,
    readyWithinMs: 90_000,
  });
  return {
    url,
    register: async (subject, schema) => {
      const answer = await fetch(`${url}/subjects/${subject}/versions`, {
        method: 'POST',
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        body: JSON.stringify(schema),
      });
      if (!answer.ok) throw new Error(`registry: ${await answer.text()}`);
      return ((await answer.json()) as { id: number }).id;
    },
    freeze: () => {
      child.freeze();
    },
    thaw: () => {
      child.thaw();
    },
    stop: () => child.stop(),
  };
}

async function fetchRegistry(into: string): Promise<void> {
  const artifact = `io.apicurio:apicurio-registry-app:${version}:tar.gz:all`;
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
  await outputOf('mvn', ['-q', '-B', goal, `-Dartifact=${artifact}`, `-DoutputDirectory=${into}`], {
    cwd: into,
  });
  const archive = join(into, `${program}-all.tar.gz`);
  await outputOf('tar', ['xzf', archive, '-C', into]);
  await rm(archive);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
